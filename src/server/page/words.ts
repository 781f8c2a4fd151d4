import { clockText, durationText, moneyText, percentText } from '../../model/format.ts';
import { type Html, html } from './html.ts';

/**
 * A coming instant, `in 2h 8m (20:14 UTC)`; the page’s script keeps the duration going and says the time of the viewer’s
 * own zone.
 */
export function coming(instant: Date, now: Date): Html {
  return html`in ${until(instant, now)} <span class="aside">(${clock(instant, now)})</span>`;
}

/** How long it is to an instant, `2h 8m`. */
export function until(instant: Date, now: Date): Html {
  return time(instant, 'until', durationText(Math.max(0, (instant.getTime() - now.getTime()) / 1000)));
}

/** How long ago an instant was, `12s ago`. */
export function ago(instant: Date, now: Date): Html {
  return html`${time(instant, 'since', durationText(Math.max(0, (now.getTime() - instant.getTime()) / 1000)))} ago`;
}

/** An instant as a time of the day or a date, in UTC until the script knows better. */
export function clock(instant: Date, now: Date): Html {
  return time(instant, 'clock', `${clockText(instant, now, 'UTC')} UTC`);
}

function time(instant: Date, kind: string, text: string): Html {
  return html`<time datetime="${instant.toISOString()}" data-time="${kind}">${text}</time>`;
}

const titles: Readonly<Record<string, string>> = {
  five_hour: 'Five hours',
  seven_day: 'Seven days',
  extra_usage: 'Extra usage',
  credits: 'Credits',
  'key limit': 'Key limit',
};

/** A window’s name for people: `seven_day_opus` is `Seven days · opus`. */
export function windowTitle(name: string): string {
  const known = Object.hasOwn(titles, name) ? titles[name] : undefined;
  if (known !== undefined) return known;
  const words = name.replaceAll('_', ' ');
  if (name.startsWith('seven_day_')) return `Seven days · ${words.slice('seven_day_'.length)}`;
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

/** A window as the subject of a sentence. */
export function windowSubject(name: string): string {
  if (name === 'five_hour') return 'The five-hour window';
  if (name === 'seven_day') return 'The seven-day window';
  if (name.startsWith('seven_day_')) return `The seven-day window for ${name.slice('seven_day_'.length).replaceAll('_', ' ')}`;
  return windowTitle(name);
}

/** A number of tokens, `12.3 M`: never rounded up. */
export function tokensText(tokens: number): string {
  for (const [unit, size] of [['G', 1e9], ['M', 1e6], ['k', 1e3]] as const) {
    if (tokens < size) continue;
    const digits = tokens >= 100 * size ? 0 : tokens >= 10 * size ? 1 : 2;
    return `${(Math.floor((tokens / size) * 10 ** digits) / 10 ** digits).toFixed(digits)} ${unit}`;
  }
  return String(Math.floor(tokens));
}

/** Dollars. */
export function dollars(amount: number): string {
  return moneyText(amount, 'USD');
}

/** A share in percent, as is. */
export const percent = percentText;
