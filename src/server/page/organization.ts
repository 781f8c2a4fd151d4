import { type Content, type Html, html } from './html.ts';
import { countText } from '../../model/format.ts';
import type { Parties, Party } from './parties.ts';
import type { Sums } from './sums.ts';
import type { ModelUse, UseView } from './use.ts';
import { dollars, percent, tokensText } from './words.ts';

/** An organization’s cost and tokens by model, today and this month; days and months are UTC’s. */
export function organizationSection(use: UseView, id: string, title: string): Html {
  const { models, rest, total, knowsToday, month } = use;
  const hasToday = knowsToday.tokens || knowsToday.cost;
  const highest = Math.max(...models.map(({ today }) => today.cost ?? 0), rest?.today.cost ?? 0);
  return html`<section class="panel" aria-labelledby="${id}" data-key="${id}">
<h2 id="${id}">${title}</h2>
<dl class="figures">
${figure('Cost today', known(knowsToday.cost, total.today.cost, dollars))}
${figure('Tokens today', known(knowsToday.tokens, total.today.tokens, tokensText))}
${figure(`Cost in ${monthText(month)}`, known(false, total.month.cost, dollars))}
${figure(`Tokens in ${monthText(month)}`, known(false, total.month.tokens, tokensText))}
</dl>
${models.length > 0 && html`<table>
<caption class="hidden">Use by model; days and months are UTC’s</caption>
<thead><tr><th scope="col">Model</th><th scope="col">Cost today</th><th scope="col">Tokens today</th><th scope="col" class="wide">from cache</th><th scope="col">Cost in ${monthText(month, 'short')}</th></tr></thead>
<tbody>${models.map((model) => row(model, model.name, knowsToday, highest))}${rest !== undefined && row(rest, `${rest.count} more`, knowsToday, highest)}</tbody>
</table>`}
${whoUsedIt(use)}
${models.length === 0 && hasToday && html`<p class="note">No use is reported yet.</p>`}
${codeFact(use.code)}
<p class="legend">Days and months are UTC’s.</p>
</section>`;
}

/** Workspaces and keys, in lists that open. */
function whoUsedIt({ workspaces, keys, total, knowsToday, month }: UseView): Content {
  const cost = { title: 'Cost today', isKnown: knowsToday.cost, field: 'cost', text: dollars } as const;
  const tokens = { title: 'Tokens today', isKnown: knowsToday.tokens, field: 'tokens', text: tokensText } as const;
  return [parties('Workspace', workspaces, total, cost, month), parties('Key', keys, total, tokens, month)];
}

/** What parties are told apart by today. */
interface Today {
  readonly title: string;
  readonly isKnown: boolean;
  readonly field: 'tokens' | 'cost';
  readonly text: (value: number) => string;
}

function parties(what: string, { highest, others }: Parties, total: ModelUse, today: Today, month: string): Content {
  const [first] = highest;
  if (first === undefined) return undefined;
  const { title, isKnown, field, text } = today;
  const shown = [...highest, ...(others === undefined ? [] : [others])];
  // Without the Analytics API no key's cost is known.
  const hasCost = shown.some((party) => party.month.cost !== undefined);
  const monthTitle = `${hasCost ? 'Cost' : 'Tokens'} in ${monthText(month, 'short')}`;
  const ofMonth = (party: Omit<Party, 'name'>): Content => (hasCost ? known(false, party.month.cost, dollars) : known(false, party.month.tokens, tokensText));
  const [all, ofFirst] = [total.today[field] ?? 0, first.today[field] ?? 0];
  const most = all > 0 && ofFirst > 0 && html` <span class="aside"><bdi>${first.name}</bdi> ${percent(ofFirst / all)} of today’s ${field}</span>`;
  const partyRow = (name: string, party: Omit<Party, 'name'>): Html =>
    html`<tr data-key="${name}"><th scope="row"><bdi>${name}</bdi>${party.owner !== undefined && html` <span class="aside"><bdi>${party.owner}</bdi></span>`}</th><td>${known(isKnown, party.today[field], text)}</td><td>${ofMonth(party)}</td></tr>`;
  return html`<details class="by" data-key="${what}"><summary>By ${what.toLowerCase()}${most}</summary><table>
<thead><tr><th scope="col">${what}</th><th scope="col">${title}</th><th scope="col">${monthTitle}</th></tr></thead>
<tbody>${highest.map((party) => partyRow(party.name, party))}${others !== undefined && partyRow(`${others.count} more`, others)}</tbody>
</table></details>`;
}

function codeFact(code: UseView['code']): Content {
  const { sessions, lines, commits, pull_requests: pullRequests, cost } = code;
  const parts = [
    ...counted(sessions, 'session'),
    ...counted(lines, 'line added', 'lines added'),
    ...counted(commits, 'commit'),
    ...counted(pullRequests, 'pull request'),
    ...(cost === undefined ? [] : [dollars(cost)]),
  ];
  return parts.length > 0 && html`<p class="fact"><span class="name">Claude Code today</span> <span class="value">${parts.join(' · ')}</span></p>`;
}

function counted(count: number | undefined, one: string, more = `${one}s`): string[] {
  return count === undefined || count === 0 ? [] : [`${countText(count)} ${count === 1 ? one : more}`];
}

function figure(name: string, value: Content): Html {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}

type Knows = UseView['knowsToday'];

function row({ today, month }: ModelUse, name: string, knows: Knows, highest: number): Html {
  const share = highest <= 0 ? 0 : Math.max(0, today.cost ?? 0) / highest;
  const width = Math.round(share * 1000) / 10;
  return html`<tr data-key="${name}"><th scope="row"><bdi>${name}</bdi>${knows.cost && html`<svg class="bar thin" aria-hidden="true"><rect class="fill" width="${width}%" height="100%"/></svg>`}</th><td>${known(knows.cost, today.cost, dollars)}</td><td>${known(knows.tokens, today.tokens, tokensText)}</td><td class="wide">${cached(today)}</td><td>${known(false, month.cost, dollars)}</td></tr>`;
}

/** A sum; nothing where the report was read and has no row, and said so where it is not known. */
function known(isKnown: boolean, value: number | undefined, text: (value: number) => string): Content {
  if (value !== undefined) return text(value);
  return isKnown ? text(0) : html`<span class="unknown">not known</span>`;
}

/** The share of the input, as on the dashboards. */
function cached({ inputTokens, cachedTokens }: Sums): Content {
  if (inputTokens === undefined || inputTokens <= 0) return html`<span class="unknown">–</span>`;
  return percent((cachedTokens ?? 0) / inputTokens);
}

/** `2026-11` as `November`, or as `Nov` in a table: a phone has no room for more over a column. */
function monthText(month: string, width: 'long' | 'short' = 'long'): string {
  return new Date(`${month}-01T00:00:00Z`).toLocaleString('en-GB', { month: width, timeZone: 'UTC' });
}
