import { dayStart } from '../../model/calendar.ts';
import { titleOf } from '../../model/source-titles.ts';
import { type Forecast, type Heat, forecastOf, heatOf, heatOfBalance, paceOf } from '../../metrics/pace.ts';
import { type Amounts, type Picture, type Quota, type ShownPoint, pictureOf } from '../../metrics/picture.ts';
import { type Reason, explanations } from '../../model/reasons.ts';
import { remedyOf } from '../../model/remedies.ts';
import type { Digest } from './digest.ts';
import type { History, Line } from './history.ts';
import type { DeliveryState, SourceState } from './source-state.ts';
import { type UseView, useOf } from './use.ts';

/** A window, pool, cap or balance as it stands. What is not known is absent. */
export interface QuotaView {
  readonly name: string;
  /** Used share; above 1 when it is overdrawn. */
  readonly used?: number;
  readonly heat?: Heat;
  /** Share of its time that is gone. */
  readonly elapsed?: number;
  readonly resetAt?: Date;
  /** It was reset since it was last read. */
  readonly wasReset: boolean;
  readonly pace?: number;
  readonly forecast?: Exclude<Forecast, { kind: 'fills' }> | { readonly kind: 'fills'; readonly at: Date };
  readonly binding: boolean;
  readonly amounts?: Amounts;
  readonly line?: Line;
}

/** What one upstream says of an account. */
export interface UpstreamView {
  readonly upstream: 'claude-ai' | 'openrouter';
  readonly account: string;
  readonly quotas: readonly QuotaView[];
  /** What the OpenRouter key spent, in dollars: total, daily, weekly, monthly. */
  readonly spent: Picture['spent'];
  readonly sessionExpiresAt?: Date;
  /** The source’s state: why nothing is known, or how old what is shown may be. */
  readonly state: SourceView;
}

/** A source, with what to do about it. */
export interface SourceView extends SourceState {
  readonly title: string;
  readonly explained: readonly { readonly reason: Reason; readonly message: string; readonly meaning: string; readonly remedy: string }[];
}

/** What a headline is about. */
interface Named {
  readonly upstream: UpstreamView['upstream'];
  readonly name: string;
  readonly heat: Heat;
  readonly resetAt?: Date;
}

/** The one thing to know first. */
export type Headline =
  | { readonly kind: 'starting' | 'stalled' | 'calm' }
  /** Of these upstreams nothing is known. */
  | { readonly kind: 'unknown'; readonly upstreams: readonly string[] }
  /** There is nothing with a limit: what an organization’s day has cost so far. */
  | { readonly kind: 'cost'; readonly amount: number }
  /** Prepaid credits are nearly spent. */
  | ({ readonly kind: 'low'; readonly left: number; readonly currency: string } & Named)
  | ({ readonly kind: 'full' } & Named)
  | ({ readonly kind: 'fills'; readonly at: Date } & Named)
  | ({ readonly kind: 'high'; readonly used: number } & Named);

/** Everything the page shows, as of an instant. */
export interface StatusView {
  readonly now: Date;
  /** When the last cycle was; absent before the first. */
  readonly at?: Date;
  /** No cycle has come for so long that what the last one knew is not shown. */
  readonly stalled: boolean;
  readonly headline: Headline;
  readonly upstreams: readonly UpstreamView[];
  /** Windows that are not shown, as there are too many. */
  readonly moreWindows: number;
  readonly organizations: readonly UseView[];
  readonly sources: readonly SourceView[];
  /** Whether there is more than one account, so that each is named. */
  readonly manyAccounts: boolean;
  readonly delivery?: DeliveryState;
  /** Whether metrics are pushed at all. */
  readonly pushes: boolean;
}

/** What a view is made of. */
export interface ViewInput {
  /** Of the last cycle; absent before the first. */
  readonly digest?: Digest;
  readonly history: History;
  readonly sources: readonly SourceState[];
  readonly delivery?: DeliveryState;
  readonly pushes: boolean;
  /** Whether the last cycle is too long ago for what it knew to be shown. */
  readonly stalled: boolean;
  readonly now: Date;
}

/** Arranges what is known for people. Pure: time is in the input. */
export function viewOf(input: ViewInput): StatusView {
  const { digest, delivery, pushes, stalled, now } = input;
  const known = stalled ? undefined : digest;
  const sources = input.sources.map(sourceView);
  const upstreams = sources.flatMap((state) => upstreamOf(state, known, input));
  const organizations = useOf(sources, known, input);
  return {
    now,
    ...(digest && { at: digest.at }),
    stalled,
    headline: digest === undefined ? { kind: 'starting' } : stalled ? { kind: 'stalled' } : headlineOf(upstreams, organizations),
    upstreams,
    moreWindows: known?.moreWindows ?? 0,
    organizations,
    sources,
    manyAccounts: new Set(sources.map(({ account }) => account)).size > 1,
    ...(delivery && { delivery }),
    pushes,
  };
}

function sourceView(state: SourceState): SourceView {
  const explained = state.failures.map(({ reason, message }) => {
    return { reason, message, meaning: explanations[reason].meaning, remedy: remedyOf(reason, state.source) };
  });
  return { ...state, title: titleOf(state.source), explained };
}

function upstreamOf(state: SourceView, digest: Digest | undefined, { history, now }: ViewInput): UpstreamView[] {
  const { source, account } = state;
  if (source !== 'claude-ai' && source !== 'openrouter') return [];
  const { quotas, spent, secondsToSessionExpiry } = pictureOfUpstream(source, digest?.gauges.get(account) ?? []);
  const at = digest?.at ?? now;
  return [
    {
      upstream: source,
      account,
      state,
      quotas: quotas.map((quota) => quotaView(quota, at, now, history.line(seriesOf(source, account, quota.name), now))),
      // The day, week or month that is over is not the one that the words mean.
      spent: dayStart(at.getTime()) === dayStart(now.getTime()) ? spent : {},
      ...(secondsToSessionExpiry !== undefined && { sessionExpiresAt: after(at, secondsToSessionExpiry) }),
    },
  ];
}

/** A quota’s values that the history keeps: the used share, or what is left where there is none. */
export function keptValues({ gauges }: Digest): ReadonlyMap<string, number> {
  const kept = new Map<string, number>();
  for (const [account, points] of gauges) {
    for (const upstream of ['claude-ai', 'openrouter'] as const) {
      for (const { name, used, amounts } of pictureOfUpstream(upstream, points).quotas) {
        const value = used ?? amounts?.remaining;
        if (value !== undefined) kept.set(seriesOf(upstream, account, name), value);
      }
    }
  }
  return kept;
}

function pictureOfUpstream(upstream: UpstreamView['upstream'], points: readonly ShownPoint[]): Picture {
  const prefix = upstream === 'claude-ai' ? 'claude.' : 'openrouter.';
  return pictureOf(points.filter(({ metric }) => metric.startsWith(prefix)));
}

function seriesOf(upstream: string, account: string, quota: string): string {
  return `${upstream}\0${account}\0${quota}`;
}

function quotaView(quota: Quota, at: Date, now: Date, line: Line | undefined): QuotaView {
  const { name, used, elapsed, secondsToReset, binding, amounts } = quota;
  const resetAt = secondsToReset === undefined ? undefined : after(at, secondsToReset);
  const drawn = line === undefined ? {} : { line };
  // What was used of the window before says nothing of this one; until it is read, that is not known.
  if (resetAt !== undefined && resetAt <= now) return { name, wasReset: true, binding: false, ...drawn };
  const pace = paceOf(quota);
  const heat = heatOf(quota) ?? (amounts?.remaining === undefined ? undefined : heatOfBalance(amounts.remaining));
  const forecast = forecastOf(quota);
  return {
    name,
    wasReset: false,
    binding: binding === true,
    ...drawn,
    ...(used !== undefined && { used }),
    ...(heat !== undefined && { heat }),
    ...(elapsed !== undefined && { elapsed }),
    ...(resetAt !== undefined && { resetAt }),
    ...(pace !== undefined && { pace }),
    ...(forecast !== undefined && { forecast: forecast.kind === 'fills' ? { kind: 'fills', at: after(at, forecast.seconds) } : forecast }),
    ...(amounts !== undefined && { amounts }),
  };
}

/** What is used up comes first, then what will be first, then what is highest. */
function headlineOf(upstreams: readonly UpstreamView[], organizations: readonly UseView[]): Headline {
  const all = upstreams.flatMap(({ upstream, quotas }) => quotas.map((quota) => ({ upstream, ...quota })));
  const shares = all.filter(({ used }) => used !== undefined);
  const named = ({ upstream, name, resetAt, heat = 'calm' }: (typeof all)[number]): Named => ({ upstream, name, heat, ...(resetAt && { resetAt }) });
  const full = all.find(({ used, forecast, amounts }) => forecast?.kind === 'full' || (used === undefined && (amounts?.remaining ?? 1) <= 0));
  if (full !== undefined) return { kind: 'full', ...named(full) };
  const fills = shares.flatMap((quota) => (quota.forecast?.kind === 'fills' ? [{ quota, at: quota.forecast.at }] : []));
  const [first] = fills.sort((a, b) => a.at.getTime() - b.at.getTime());
  if (first !== undefined) return { kind: 'fills', at: first.at, ...named(first.quota) };
  const [highest] = shares.sort((a, b) => (b.used ?? 0) - (a.used ?? 0));
  if (highest?.used !== undefined && highest.heat !== 'calm') return { kind: 'high', used: highest.used, ...named(highest) };
  const low = all.find(({ used, heat }) => used === undefined && heat === 'warm');
  if (low?.amounts?.remaining !== undefined) return { kind: 'low', left: low.amounts.remaining, currency: low.amounts.currency, ...named(low) };
  const unknown = upstreams.filter(({ quotas, spent, state }) => state.up !== true && Object.keys(spent).length === 0 && !quotas.some(({ wasReset }) => !wasReset));
  if (unknown.length > 0) return { kind: 'unknown', upstreams: [...new Set(unknown.map(({ state }) => state.title))] };
  const [organization] = organizations;
  if (upstreams.length > 0 || organization === undefined) return { kind: 'calm' };
  const known = organizations.find(({ knowsToday }) => knowsToday.cost);
  return known === undefined ? { kind: 'unknown', upstreams: ['the organization'] } : { kind: 'cost', amount: known.total.today.cost ?? 0 };
}

function after(at: Date, seconds: number): Date {
  return new Date(at.getTime() + seconds * 1000);
}
