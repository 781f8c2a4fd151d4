import { amountsText, paceText, spentParts, usedText } from '../../metrics/describe.ts';
import { moneyText } from '../../model/format.ts';
import { type Content, type Html, html } from './html.ts';
import { type LineKind, drawLine, isWorthALook, shareLine } from './line.ts';
import type { Amounts } from '../../metrics/picture.ts';
import type { QuotaView, SourceView, UpstreamView } from './view.ts';
import { ago, clock, coming, percent, until, windowTitle } from './words.ts';

/** Windows that have a row of their own with a line; the others are a list that opens. */
const rowsWithLines = 20;

/** Windows in that list; what is more is counted. */
const mostListed = 100;

const day = 24 * 3600 * 1000;

/** What a section is drawn with beside its upstream. */
export interface SectionOptions {
  /** Windows that the view has left out. */
  readonly moreWindows: number;
  /** Whether it explains its marks. */
  readonly legend: boolean;
  /** Whether the last cycle is recent enough to speak of now. */
  readonly isCurrent: boolean;
  readonly now: Date;
}

/** What one upstream says, in rows. */
export function upstreamSection(upstream: UpstreamView, id: string, title: string, options: SectionOptions): Html {
  const { moreWindows, legend, now } = options;
  const { quotas, state, spent, sessionExpiresAt } = upstream;
  const [rows, others] = divided(quotas);
  const listed = others.slice(0, mostListed);
  const unlisted = quotas.length - rows.length - listed.length + moreWindows;
  const spends = spentParts(spent);
  const legends = [
    ...(rows.some(({ elapsed }) => elapsed !== undefined) ? [html`<span class="tick" aria-hidden="true"></span>time gone · pace: use over time, above 1× is too fast`] : []),
    ...(rows.some(({ line }) => line !== undefined && isWorthALook(line)) ? [html`line: 24 hours`] : []),
    ...(rows.some(({ binding }) => binding) ? [html`binding: the limit in force`] : []),
  ];
  return html`<section class="panel" aria-labelledby="${id}" data-key="${id}">
<h2 id="${id}">${title}</h2>
${ageNote(state, quotas.length > 0 || spends.length > 0, options)}
${rows.length > 0 && html`<ul class="quotas">${rows.map((quota) => quotaRow(quota, now))}</ul>`}
${listed.length > 0 && moreQuotas(listed, unlisted, now)}
${spends.length > 0 && keySpend(spends)}
${sessionExpiresAt !== undefined && sessionFact(sessionExpiresAt, now)}
${legend && legends.length > 0 && html`<p class="legend">${separated(legends)}</p>`}
</section>`;
}

/** Those that have a row of their own, the highest where there are too many, and the others; both in their order. */
function divided(quotas: readonly QuotaView[]): readonly [rows: readonly QuotaView[], others: readonly QuotaView[]] {
  if (quotas.length <= rowsWithLines) return [quotas, []];
  const highest = new Set([...quotas].sort((a, b) => (b.used ?? 0) - (a.used ?? 0)).slice(0, rowsWithLines));
  return [quotas.filter((quota) => highest.has(quota)), quotas.filter((quota) => !highest.has(quota))];
}

/** Why nothing is known, or of when it is what is shown. */
function ageNote(state: SourceView, showsSomething: boolean, { isCurrent, now }: SectionOptions): Content {
  const { up, explained, lastSuccessAt } = state;
  if (up === undefined) return html`<p class="note">Not read yet.</p>`;
  if (!up) {
    const reasons = [...new Set(explained.map(({ reason }) => reason))].join(', ');
    const since = lastSuccessAt === undefined ? 'never read in full' : html`last read in full ${ago(lastSuccessAt, now)}`;
    return html`<p class="note bad"><strong>${reasons}</strong>: ${since}. ${showsSomething ? 'What is shown is of then or from the parts that answered.' : 'Nothing is known now.'}</p>`;
  }
  return showsSomething ? undefined : html`<p class="note">${isCurrent ? 'There is nothing to show now.' : 'Not known now.'}</p>`;
}

function quotaRow(quota: QuotaView, now: Date): Html {
  const { name, used, heat, binding, amounts } = quota;
  const title = html`<h3><bdi>${windowTitle(name)}</bdi>${binding && html` <span class="badge">binding</span>`}</h3>`;
  // Where the title says more or less than the name in the metrics.
  const tag = /^[a-z0-9_]{1,40}$/.test(name) && windowTitle(name).toLowerCase() !== name.replaceAll('_', ' ') && html`<code>${name}</code>`;
  if (used === undefined && amounts !== undefined) {
    return html`<li class="quota balance ${heat ?? 'unknown'}" data-key="${name}">
<div class="title">${title}</div>
<p class="share">${balanceText(amounts.remaining ?? amounts.used, amounts.currency)}</p>
<p class="facts">${balanceFact(amounts)}</p>
${lineOf(quota, balanceLine(quota))}
</li>`;
  }
  return html`<li class="quota ${heat ?? 'unknown'}" data-key="${name}">
<div class="title">${title} ${tag}</div>
<p class="share">${used === undefined ? html`<span class="unknown">not known</span>` : percent(used)}</p>
${bar(quota)}
<p class="facts">${separated(facts(quota, now))}</p>
${lineOf(quota, shareLine)}
</li>`;
}

function balanceText(amount: number | undefined, currency: string): string {
  return amount === undefined ? '' : moneyText(amount, currency);
}

/** What stands under the amount that is left, or used. */
function balanceFact({ remaining, limit, currency }: Amounts): string {
  if (remaining !== undefined && remaining < 0) return 'overdrawn';
  return `${remaining === undefined ? 'used' : 'left'}${limit === undefined ? '' : ` of ${moneyText(limit, currency)}`}`;
}

function balanceLine({ amounts }: QuotaView): LineKind {
  return { top: 0, text: (value) => moneyText(value, amounts?.currency ?? 'USD') };
}

function lineOf({ line }: QuotaView, kind: LineKind): Content {
  return line !== undefined && isWorthALook(line) && html`<div class="history">${drawLine(line, kind)}</div>`;
}

/** The used share as a bar with a mark where the time is. */
function bar({ name, used, elapsed }: QuotaView): Html {
  if (used === undefined) {
    return html`<svg class="bar" aria-hidden="true"><rect class="track" width="100%" height="100%"/></svg>`;
  }
  const gone = elapsed === undefined ? '' : `, ${percent(elapsed)} of its time gone`;
  const now = Math.min(100, Math.max(0, Math.floor(used * 1000) / 10));
  const mark = elapsed !== undefined && html`<rect class="mark" x="${tenth(Math.min(0.996, elapsed))}%" width="2" height="100%"/>`;
  return html`<div class="meter" role="meter" aria-label="${windowTitle(name)}" aria-valuemin="0" aria-valuemax="100" aria-valuenow="${now}" aria-valuetext="${percent(used)} used${gone}"><svg class="bar" aria-hidden="true"><rect class="track" width="100%" height="100%"/><rect class="fill" width="${now}%" height="100%"/>${mark}</svg></div>`;
}

function tenth(share: number): number {
  return Math.round(share * 1000) / 10;
}

function facts(quota: QuotaView, now: Date): Content[] {
  const { used, wasReset, resetAt, forecast, amounts } = quota;
  if (wasReset) return ['has reset; not read since'];
  const pace = paceText(quota);
  return [
    ...(amounts === undefined ? [] : [amountsText(amounts)]),
    ...(resetAt !== undefined ? [html`resets ${coming(resetAt, now)}`] : amounts !== undefined ? [] : [used === 0 ? 'no reset yet' : 'no reset known']),
    ...(pace === undefined ? [] : [`pace ${pace}`]),
    ...forecastFact(forecast, now),
  ];
}

function forecastFact(forecast: QuotaView['forecast'], now: Date): Content[] {
  switch (forecast?.kind) {
    case undefined:
      return [];
    case 'full':
      return [html`<strong>used up</strong>`];
    case 'fills':
      return [html`<strong>full ${coming(forecast.at, now)}</strong>`];
    case 'lasts':
      return [`on course for ${Math.round(forecast.usedAtReset * 100)} %`];
  }
}

function moreQuotas(listed: readonly QuotaView[], unlisted: number, now: Date): Html {
  const row = (quota: QuotaView): Html =>
    html`<li class="${quota.heat ?? 'unknown'}"><bdi>${windowTitle(quota.name)}</bdi> <span class="value">${usedText({ name: quota.name, ...(quota.used !== undefined && { used: quota.used }) }) ?? 'not known'}${quota.resetAt !== undefined && html` <span class="aside">resets in ${until(quota.resetAt, now)}</span>`}</span></li>`;
  return html`<details data-key="more"><summary>${listed.length + unlisted} more</summary><ul class="more">${listed.map(row)}</ul>${unlisted > 0 && html`<p class="note">and ${unlisted} that are not shown here; the metrics have all.</p>`}</details>`;
}

function sessionFact(expiresAt: Date, now: Date): Html {
  const leftMs = expiresAt.getTime() - now.getTime();
  const heat = leftMs < day ? 'hot' : leftMs < 3 * day ? 'warm' : '';
  if (leftMs <= 0) return fact('Session', html`the cookie has expired`, 'hot');
  return fact('Session', html`the cookie expires in ${until(expiresAt, now)} <span class="aside">(${clock(expiresAt, now)})</span>`, heat);
}

function keySpend(parts: readonly (readonly [span: string, amount: number])[]): Html {
  return html`<div class="spend"><h3>Key spend</h3><dl>${parts.map(([span, amount]) => html`<div><dt>${span}</dt><dd>${moneyText(amount, 'USD')}</dd></div>`)}</dl></div>`;
}

function fact(name: string, text: Content, heat = ''): Html {
  return html`<p class="fact ${heat}"><span class="name">${name}</span> <span class="value">${text}</span></p>`;
}

/** Facts in a line, with dots between them. */
function separated(parts: readonly Content[]): Content[] {
  return parts.flatMap((part, index) => (index === 0 ? [part] : [' · ', part]));
}
