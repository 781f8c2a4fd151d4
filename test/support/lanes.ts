import { type SourceId, sourceIds } from '../../src/model/reading.ts';
import { valuesOf } from './agent.ts';
import type { Exits } from './secret-scan.ts';
import { type SourcesWorld, startSources } from './sources.ts';
import { type WatchedAgent, startWatchedAgent } from './watched-agent.ts';

/** Longer than any source's interval. */
const untilAllAreDueMs = 61 * 60_000;

/** What every source shows while it is well: one of its own points, or that it is up. */
const shownBy: Readonly<Record<SourceId, string>> = {
  'claude-ai': 'claude.usage.utilization',
  openrouter: 'openrouter.credits.total',
  'anthropic-usage': 'claude.tokens{',
  'anthropic-cost': 'claude.cost{',
  'anthropic-analytics': 'claude_usage_metrics.source.report.refreshed_timestamp',
  'anthropic-claude-code': 'claude_usage_metrics.source.up{source=anthropic-claude-code}',
  'anthropic-names': 'claude_usage_metrics.source.up{source=anthropic-names}',
  'anthropic-limits': 'claude.rate_limit',
};

/** An agent that lives through one fault after another, and all that it reads. */
export interface Lane {
  readonly world: SourcesWorld;
  readonly agent: WatchedAgent;
  /** Gets all that leaves the agent. */
  readonly exits: Exits;
  /** What its last cycle pushed. */
  last: Values;
}

/** So many lanes, each after a cycle in which all sources were well. */
export async function startLanes(count: number, readDeadlineMs: number, exits: Exits): Promise<Lane[]> {
  const lanes: Lane[] = [];
  while (lanes.length < count) {
    const world = await startSources();
    lanes.push(await laneOf(world, world.settings, readDeadlineMs, exits));
  }
  return lanes;
}

/** A lane in a world of its own settings, after a cycle. */
export async function laneOf(world: SourcesWorld, settings: SourcesWorld['settings'], readDeadlineMs: number, exits: Exits): Promise<Lane> {
  const lane = { world, agent: await startWatchedAgent(settings, readDeadlineMs, exits), exits, last: {} };
  await nextCycle(lane);
  return lane;
}

export async function stopLanes(lanes: readonly Lane[]): Promise<void> {
  for (const { agent } of lanes) await agent.close();
  for (const world of new Set(lanes.map((lane) => lane.world))) await world.stop();
}

export type Values = Readonly<Record<string, number>>;

/** A cycle in which every source is due, whatever it did before; what it pushed. */
export async function nextCycle(lane: Lane): Promise<Values> {
  const { world, agent, exits } = lane;
  agent.clock.advance(untilAllAreDueMs);
  await agent.push();
  exits.add('pushes', world.pushes.at(-1));
  lane.last = valuesOf(world.pushes.at(-1));
  return lane.last;
}

/** What a push says of every source, and how its reads have ended since another one. */
export function said(values: Values, before: Values = {}): Readonly<Record<string, string>> {
  const ends = new Map<string, string[]>();
  for (const [name, count] of Object.entries(values)) {
    const [, outcome = '', source = ''] = /source\.reads{outcome=(\w+),source=([\w-]+)}/.exec(name) ?? [];
    if (source !== '' && count > (before[name] ?? 0)) ends.set(source, [...(ends.get(source) ?? []), outcome]);
  }
  return Object.fromEntries(
    sourceIds.map((source) => {
      const up = values[`claude_usage_metrics.source.up{source=${source}}`];
      const isShown = Object.keys(values).some((name) => name.startsWith(shownBy[source]));
      return [source, `${ends.get(source)?.join() ?? 'no read'}, up ${up ?? '-'}, ${isShown ? 'shown' : 'absent'}`];
    }),
  );
}

const isWell = 'success, up 1, shown';
export const allAreWell = Object.fromEntries(sourceIds.map((source) => [source, isWell]));

/** Old points may be shown for a while; of a source that failed only its reason and that it is down is looked at. */
export function withFailure(of: Readonly<Record<string, string>>, ...broken: readonly SourceId[]): Readonly<Record<string, string>> {
  return { ...of, ...Object.fromEntries(broken.map((source) => [source, of[source]?.replace(/, (shown|absent)$/, '') ?? ''])) };
}
