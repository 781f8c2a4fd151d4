import { moneyText } from '../../model/format.ts';
import { type Content, type Html, html } from './html.ts';
import { organizationSection } from './organization.ts';
import { upstreamSection } from './quotas.ts';
import type { DeliveryState } from './source-state.ts';
import type { Headline, SourceView, StatusView } from './view.ts';
import { ago, clock, coming, dollars, percent, until, windowSubject, windowTitle } from './words.ts';

/**
 * What changes from cycle to cycle: all of the page between its head and its foot.
 * @param build tells a page that was loaded from another version of this program that it must be loaded anew.
 */
export function statusBody(view: StatusView, build: string): Html {
  const { now, at, upstreams, organizations, moreWindows } = view;
  const windows = upstreams.filter(({ upstream }) => upstream === 'claude-ai');
  const others = upstreams.filter(({ upstream }) => upstream === 'openrouter');
  const named = (title: string, account: string): string => (view.manyAccounts || account !== 'default' ? `${title} · ${account}` : title);
  const isCurrent = at !== undefined && !view.stalled;
  const left = [
    ...windows.map((upstream, index) => upstreamSection(upstream, `claude-${index}`, named('claude.ai', upstream.account), { moreWindows, legend: index === 0, isCurrent, now })),
    ...organizations.map((use, index) => organizationSection(use, `organization-${index}`, named('Organization', use.account))),
  ];
  const right = [
    ...others.map((upstream, index) => upstreamSection(upstream, `openrouter-${index}`, named('OpenRouter', upstream.account), { moreWindows: 0, legend: windows.length + index === 0, isCurrent, now })),
    sourcesSection(view, named),
  ];
  return html`<div id="status" data-build="${build}" data-now="${now.toISOString()}" data-title="${titleText(view)}">
<div class="top"><p class="headline ${heatOfHeadline(view.headline)}" role="status">${headlineText(view.headline, now)}</p>
<p class="updated">${at === undefined ? 'Not read yet.' : html`As of ${clock(at, now)}, ${ago(at, now)}`}${trouble(view)}</p></div>
<div class="columns${left.length === 0 && ' single'}">${left.length > 0 && html`<div data-key="left">${left}</div>`}<div data-key="right">${right}</div></div>
</div>`;
}

/** What does not work, with the way to why: on a phone the sources are far below. */
function trouble({ sources, delivery }: StatusView): Content {
  const down = sources.filter(({ up }) => up === false).length;
  const wrong = [
    ...(down === 0 ? [] : [sources.length === 1 ? 'the source fails' : `${down} of ${sources.length} sources ${down === 1 ? 'fails' : 'fail'}`]),
    ...(delivery === undefined || delivery.rejected + delivery.lost === 0 ? [] : ['not all was delivered']),
  ];
  return wrong.length > 0 && html` · <a class="trouble" href="#sources">${wrong.join(', ')}</a>`;
}

function titleText({ headline }: StatusView): string {
  switch (headline.kind) {
    case 'full':
      return `${titleName(headline)} used up`;
    case 'fills':
      return `${titleName(headline)} fills up`;
    case 'high':
      return `${percent(headline.used)} ${titleName(headline)}`;
    case 'low':
      return `${moneyText(headline.left, headline.currency)} left`;
    case 'cost':
      return `${dollars(headline.amount)} today`;
    case 'stalled':
      return 'stalled';
    default:
      return 'Claude usage';
  }
}

interface NameOfUpstream {
  readonly upstream: string;
  readonly name: string;
}

function headlineName({ upstream, name }: NameOfUpstream): string {
  return upstream === 'openrouter' ? `OpenRouter ${name}` : windowSubject(name);
}

function titleName({ upstream, name }: NameOfUpstream): string {
  return upstream === 'openrouter' ? `OpenRouter ${name}` : windowTitle(name);
}

function verb({ name }: NameOfUpstream): string {
  return name === 'credits' ? 'are' : 'is';
}

function lower(subject: string): string {
  return subject.replace(/^The /, 'the ');
}

function heatOfHeadline(headline: Headline): string {
  if ('heat' in headline) return headline.kind === 'full' ? 'hot' : headline.heat;
  return headline.kind === 'calm' || headline.kind === 'cost' ? 'calm' : 'unknown';
}

function headlineText(headline: Headline, now: Date): Content {
  switch (headline.kind) {
    case 'starting':
      return 'Reading for the first time …';
    case 'stalled':
      return 'No new reading for a while: what was known is too old to show.';
    case 'unknown':
      return `Nothing is known of ${headline.upstreams.join(' and ')} now.`;
    case 'cost':
      return html`<b>${dollars(headline.amount)}</b> today so far.`;
    case 'calm':
      return 'Nothing is near its limit.';
    case 'low':
      return html`<b><bdi>${headlineName(headline)}</bdi></b> ${verb(headline)} down to ${moneyText(headline.left, headline.currency)}.`;
    case 'full':
      return html`<b><bdi>${headlineName(headline)}</bdi></b> ${verb(headline)} used up${headline.resetAt !== undefined && html`; it resets ${coming(headline.resetAt, now)}`}.`;
    case 'fills':
      return html`At this pace <b><bdi>${lower(headlineName(headline))}</bdi></b> is full ${coming(headline.at, now)}${headline.resetAt !== undefined && html`, and resets in ${until(headline.resetAt, now)}`}.`;
    case 'high':
      return html`<b><bdi>${headlineName(headline)}</bdi></b> is at ${percent(headline.used)}${headline.resetAt !== undefined && html`; it resets ${coming(headline.resetAt, now)}`}.`;
  }
}

function sourcesSection({ sources, now, delivery, pushes }: StatusView, named: (title: string, account: string) => string): Html {
  return html`<section class="panel" aria-labelledby="sources" data-key="sources">
<h2 id="sources">Sources</h2>
<ul class="sources">${sources.map((source, index) => sourceRow(source, named(source.title, source.account), explainedBefore(sources.slice(0, index)), now))}${deliveryRow(delivery, pushes, now)}</ul>
</section>`;
}

/** What sources above have said already, and which: a key that is gone is gone for six sources. */
function explainedBefore(above: readonly SourceView[]): ReadonlyMap<string, string> {
  const explained = new Map<string, string>();
  for (const { title, explained: reasons } of above) for (const reason of reasons) if (!explained.has(keyOf(reason))) explained.set(keyOf(reason), title);
  return explained;
}

/** The same reason has other remedies at other services. */
function keyOf({ reason, remedy }: SourceView['explained'][number]): string {
  return `${reason} ${remedy}`;
}

function sourceRow({ source, account, up, explained, notices, lastSuccessAt }: SourceView, title: string, before: ReadonlyMap<string, string>, now: Date): Html {
  const state = up === undefined ? 'pending' : up ? 'good' : 'bad';
  const mark = { pending: '–', good: '✓', bad: '✗' }[state];
  const word = { pending: 'not read yet', good: 'up', bad: [...new Set(explained.map(({ reason }) => reason))].join(', ') }[state];
  const age = lastSuccessAt === undefined ? up === undefined ? undefined : 'never read in full' : html`read ${ago(lastSuccessAt, now)}`;
  return html`<li class="source ${state}" data-key="${source} ${account}"><span class="mark" aria-hidden="true">${mark}</span><div>
<p><b>${title}</b> <span class="state">${word}</span>${age !== undefined && html` <span class="aside">· ${age}</span>`}</p>
${explained.map((why) => html`<p class="why"><span class="hidden">${why.reason}: </span>${why.message}. <span class="aside">${before.has(keyOf(why)) ? `As for ${before.get(keyOf(why)) ?? ''}.` : why.meaning}</span></p>`)}
${[...new Set(explained.filter((why) => !before.has(keyOf(why))).map(({ remedy }) => remedy))].map((remedy) => html`<p class="remedy">→ ${remedy}</p>`)}
${notices.map((notice) => html`<p class="aside">${notice}</p>`)}
</div></li>`;
}

function deliveryRow(delivery: DeliveryState | undefined, pushes: boolean, now: Date): Html {
  const row = (state: string, mark: string, text: Content, why?: string): Html =>
    html`<li class="source ${state}" data-key="delivery"><span class="mark" aria-hidden="true">${mark}</span><div><p><b>Delivery</b> ${text}</p>${why !== undefined && html`<p class="why">${why}</p>`}</div></li>`;
  if (!pushes) return row('pending', '–', html`<span class="state">nothing is pushed</span>`);
  if (delivery === undefined) return row('pending', '–', html`<span class="state">nothing was pushed yet</span>`);
  const { acknowledged, rejected, lost, message, at } = delivery;
  const counts = [
    ...(acknowledged > 0 || rejected + lost === 0 ? [`${acknowledged} points acknowledged`] : []),
    ...(rejected > 0 ? [`${rejected} rejected`] : []),
    ...(lost > 0 ? [`${lost} lost`] : []),
  ].join(', ');
  const good = rejected + lost === 0;
  return row(good ? 'good' : 'bad', good ? '✓' : '✗', html`<span class="state">${counts}</span> <span class="aside">· ${ago(at, now)}</span>`, message);
}
