import type { Family, FamilyPoint } from './families.ts';
import type { SourceState } from './health.ts';

/** What the families are made from, beside those of the cycle's metrics. */
export interface CompatibilityOptions {
  /** What names begin with, but for those of the loop. */
  readonly namespace: string;
  readonly sources: readonly SourceState[];
  /** How long the last cycle took to collect. */
  readonly cycleMs: number;
}

/** Names that the agent has too, with labels among which are all of theirs. */
const alike = ['tokens_total', 'tokens_current', 'requests_total', 'requests_current'];

/** The agent's own families begin with this. */
const ownNamespace = 'claude';

/**
 * The families of claude-prometheus-exporter that the agent does not have under the same name: cost by workspace, and
 * those of its loop, whose items are the sources here. Tokens and requests have the same names and the labels that it had,
 * among others: again they would be counted twice, so that they are here under another namespace alone. The number is the
 * agent's; labels are its own and `period`, without which a month's end would be a fall.
 */
export function compatibleFamilies(families: readonly Family[], { namespace, sources, cycleMs }: CompatibilityOptions): Family[] {
  const own = new Map(families.map((family) => [family.name, family]));
  const renamed = namespace === ownNamespace ? [] : alike.flatMap((name) => {
    const family = own.get(`${ownNamespace}_${name}`);
    return family === undefined ? [] : [{ ...family, name: `${namespace}_${name}` }];
  });
  const cost = (name: string, type: Family['type'], from: string, help: string): Family[] => {
    const family = own.get(from);
    return family === undefined ? [] : [{ name: `${namespace}_${name}`, type, help, points: byWorkspace(family.points) }];
  };
  return [
    ...renamed,
    ...cost('cost_total_usd', 'counter', 'claude_cost_USD_total', 'Cost of the period in dollars, by workspace.'),
    ...cost('cost_current_usd', 'gauge', 'claude_cost_current_USD', 'Cost since 00:00 UTC in dollars, by workspace.'),
    ...loopFamilies(sources, cycleMs),
  ];
}

function loopFamilies(sources: readonly SourceState[], cycleMs: number): Family[] {
  const isUp = ({ last }: SourceState): number => (last?.outcome === 'success' ? 1 : 0);
  const gauge = (name: string, help: string, points: readonly FamilyPoint[]): Family => ({ name: `claude_prometheus_${name}`, type: 'gauge', help, points });
  return [
    gauge('loop_duration_seconds', 'Duration of collecting the last cycle.', [{ attributes: {}, value: cycleMs / 1000 }]),
    gauge('loop_success', '1 when every source was last read in full, else 0.', [{ attributes: {}, value: Math.min(...sources.map(isUp)) }]),
    gauge('item_success', '1 when the source was last read in full, else 0.', sources.map((state) => ({
      attributes: { item: state.source.id },
      value: isUp(state),
    }))),
  ];
}

/** Below a hundred-millionth of a cent. */
const perDollar = 1e10;

/**
 * Sums by workspace and period. In whole small parts of a dollar: a sum of floats depends on its order, and one that is a
 * hair lower than before would be a counter that began anew.
 */
function byWorkspace(points: readonly FamilyPoint[]): FamilyPoint[] {
  const sums = new Map<string, { readonly attributes: FamilyPoint['attributes']; parts: bigint }>();
  for (const { attributes: { workspace_id: workspace, period }, value } of points) {
    if (typeof value !== 'number' || !Number.isFinite(value)) continue;
    const key = JSON.stringify([workspace, period]);
    let sum = sums.get(key);
    if (sum === undefined) sums.set(key, (sum = { attributes: { workspace_id: workspace, ...(period !== undefined && { period }) }, parts: 0n }));
    sum.parts += BigInt(Math.round(value * perDollar));
  }
  return [...sums.values()].map(({ attributes, parts }) => ({ attributes, value: Number(parts) / perDollar }));
}
