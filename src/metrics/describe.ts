import { clockText, countText, durationText, moneyText, percentText, toMinute } from '../model/format.ts';
import type { OrganizationPicture } from './organization.ts';
import { paceOf } from './pace.ts';
import type { Amounts, Picture, Quota } from './picture.ts';

/** How much of a quota is used, `42 %`; undefined where it is not known. */
export function usedText({ used }: Quota): string | undefined {
  return used === undefined ? undefined : percentText(used);
}

/** Used against time gone, `0.6×`: above 1 the window is used up before it resets. Undefined too early to say. */
export function paceText(quota: Quota): string | undefined {
  const pace = paceOf(quota);
  return pace === undefined ? undefined : pace >= 10 ? 'over 10×' : `${pace.toFixed(1)}×`;
}

/** Amounts in words: `$74.75 left of $100.50`, or `$12.34 of $50.00` where nothing is said of what is left. */
export function amountsText({ currency, used, limit, remaining }: Amounts): string {
  const of = limit === undefined ? '' : ` of ${moneyText(limit, currency)}`;
  if (remaining !== undefined) return remaining < 0 ? leftText(remaining, currency) : leftText(remaining, currency) + of;
  if (used === undefined) return of.trimStart();
  return moneyText(used, currency) + (of === '' ? ' used' : of);
}

/** What is left, `$74.75 left`, or by how much it is overdrawn. */
export function leftText(remaining: number, currency: string): string {
  return remaining < 0 ? `overdrawn by ${moneyText(-remaining, currency)}` : `${moneyText(remaining, currency)} left`;
}

/** When a quota resets; `clock` says at what time of the day too. Undefined for one that never does. */
export function resetText({ secondsToReset, used, amounts }: Quota, clock?: { readonly now: Date; readonly timeZone?: string }): string | undefined {
  if (secondsToReset === undefined) {
    if (used === undefined || amounts !== undefined) return undefined;
    return used === 0 ? 'no reset yet' : 'no reset known';
  }
  if (clock === undefined) return `resets in ${durationText(secondsToReset)}`;
  const instant = new Date(clock.now.getTime() + secondsToReset * 1000);
  return `resets in ${durationText(secondsToReset)} (${clockText(instant, clock.now, clock.timeZone)})`;
}

const spentWindows = [
  ['daily', 'today'],
  ['weekly', 'week'],
  ['monthly', 'month'],
  ['total', 'ever'],
] as const;

/** What the OpenRouter key has spent in dollars, a part each. */
export function spentParts(spent: Picture['spent']): (readonly [words: string, amount: number])[] {
  return spentWindows.flatMap(([window, words]) => {
    const amount = spent[window];
    return amount === undefined ? [] : [[words, amount] as const];
  });
}

/** The same in words. */
export function spentTexts(spent: Picture['spent']): string[] {
  return spentParts(spent).map(([words, amount]) => `${words} ${moneyText(amount, 'USD')}`);
}

/** What an organization used this month, and today where it is known. */
export function organizationTexts({ cost, tokens }: OrganizationPicture): string[] {
  const money = (amount: number): string => moneyText(amount, 'USD');
  return [...usedTexts('cost', cost, money), ...usedTexts('tokens', tokens, countText)];
}

function usedTexts(what: string, { month, today }: OrganizationPicture['cost'], text: (amount: number) => string): string[] {
  return [
    ...(today === undefined ? [] : [`${what} today ${text(today)}`]),
    ...(month === undefined ? [] : [`${what} month ${text(month)}`]),
  ];
}

/** The facts of a picture in lines of plain text, one each; times are UTC. */
export function plainLines({ quotas, spent, secondsToSessionExpiry }: Picture, now: Date): string[] {
  const spends = spentTexts(spent);
  return [
    ...quotas.map((quota) => `${quota.name.replace(' ', '_')}: ${plainFacts(quota, now).join(', ')}`),
    ...(spends.length === 0 ? [] : [`key_spend: ${spends.join(', ')}`]),
    ...(secondsToSessionExpiry === undefined ? [] : [`session: expires in ${durationText(secondsToSessionExpiry)}`]),
  ];
}

function plainFacts(quota: Quota, now: Date): string[] {
  const { elapsed, secondsToReset, binding, amounts } = quota;
  const used = usedText(quota);
  const reset = resetText(quota);
  const instant = new Date(now.getTime() + (secondsToReset ?? 0) * 1000);
  const minute = `${toMinute(instant).toISOString().slice(0, 16)}Z`;
  return [
    ...(used === undefined ? [] : [`${used} used`]),
    ...(amounts === undefined ? [] : [amountsText(amounts)]),
    ...(reset === undefined ? [] : [secondsToReset === undefined ? reset : `${reset} (${minute})`]),
    ...(elapsed === undefined ? [] : [`${percentText(elapsed)} of its time gone`]),
    ...(binding === true ? ['binding'] : []),
  ];
}
