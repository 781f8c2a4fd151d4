import { centsText } from './answers.ts';
import { bucketPage, bucketsOfWidth, grouped, rowsOfDays } from './buckets.ts';
import type { CostPart, Use } from './events.ts';
import type { SimulatedOrganization } from './organization.ts';
import { groupingOf } from './query.ts';

const path = 'cost_report';

/** One line of a use's bill. */
interface CostLine {
  readonly atMs: number;
  readonly use: Use;
  readonly part: CostPart;
}

/** What a line is told apart by when it is grouped by description; about tokens alone does it name a model and its kind. */
const described: Readonly<Record<string, (line: CostLine) => string | null>> = {
  description: ({ part }) => part.description,
  cost_type: ({ part }) => part.costType,
  token_type: ({ part }) => part.tokenType,
  model: ({ use, part }) => (part.tokenType === null ? null : use.model),
  service_tier: ({ use, part }) => (part.tokenType === null ? null : use.serviceTier),
  context_window: ({ use, part }) => (part.tokenType === null ? null : use.contextWindow),
  inference_geo: ({ use, part }) => (part.tokenType === null ? null : use.inferenceGeo),
};

/** A page of `cost_report` as it is at an instant. @throws {Refused} */
export function costReport(organization: SimulatedOrganization, query: URLSearchParams, nowMs: number): object {
  const groupBy = groupingOf(query, ['workspace_id', 'description']);
  const byWorkspace = groupBy.includes('workspace_id');
  const byDescription = groupBy.includes('description');
  const names = byDescription ? Object.keys(described) : [];
  return bucketPage(
    {
      path,
      widths: ['1d'],
      rowsBetween: (fromMs, toMs, widthMs) =>
        rowsOfDays(organization.useDays(fromMs, toMs), {
          what: `${path} ${byWorkspace} ${byDescription}`,
          widthMs,
          nowMs,
          shownAt: costShownAt,
          groupsOf: (shown) =>
            grouped(shown.flatMap(linesOf), bucketsOfWidth(widthMs), (line) => [
              byWorkspace ? line.use.workspaceId : null,
              ...names.map((name) => described[name]?.(line) ?? null),
            ]),
          rowOf: ({ ids: [workspaceId = null, ...ids], events }) => ({
            ...nullDimensions,
            currency: 'USD',
            workspace_id: workspaceId,
            ...Object.fromEntries(names.map((name, i) => [name, ids[i] ?? null])),
            amount: centsText(events.reduce((total, { part }) => total + part.units, 0n)),
          }),
        }),
    },
    query,
    nowMs,
  );
}

const costShownAt = (use: Use): number => use.costShownAtMs;

const nullDimensions = Object.fromEntries(Object.keys(described).map((name) => [name, null]));

function linesOf(use: Use): CostLine[] {
  return use.costs.map((part) => ({ atMs: use.atMs, use, part }));
}
