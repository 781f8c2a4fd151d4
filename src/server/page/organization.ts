import { type Content, type Html, html } from './html.ts';
import type { Sums } from './digest.ts';
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
<thead><tr><th scope="col">Model</th><th scope="col">Cost today</th><th scope="col">Tokens today</th><th scope="col" class="wide">from cache</th><th scope="col">Cost in ${monthText(month)}</th></tr></thead>
<tbody>${models.map((model) => row(model, model.name, knowsToday, highest))}${rest !== undefined && row(rest, `${rest.count} more`, knowsToday, highest)}</tbody>
</table>`}
${models.length === 0 && hasToday && html`<p class="note">No use is reported yet.</p>`}
<p class="legend">Days and months are UTC’s.</p>
</section>`;
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

function cached({ tokens, cachedTokens }: Sums): Content {
  if (tokens === undefined || tokens <= 0) return html`<span class="unknown">–</span>`;
  return percent((cachedTokens ?? 0) / tokens);
}

/** `2026-11` as `November`. */
function monthText(month: string): string {
  return new Date(`${month}-01T00:00:00Z`).toLocaleString('en-GB', { month: 'long', timeZone: 'UTC' });
}
