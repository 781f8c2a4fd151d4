import { parser } from '@prometheus-io/lezer-promql';
import { catalogue } from '../../src/metrics/catalogue.ts';
import { prometheusName } from '../../src/metrics/prometheus-name.ts';

/** The names that a query has, by Prometheus' own grammar. */
export interface QueryNames {
  /** Metrics, with the labels that their braces have. */
  readonly selectors: readonly { readonly metric: string; readonly labels: readonly string[] }[];
  /** Labels behind `by`, `on` and the like. */
  readonly grouping: readonly string[];
  /** Labels that the query itself makes. */
  readonly made: readonly string[];
}

/**
 * Takes the names out of a query.
 * @throws {Error} when it is no PromQL.
 */
export function namesIn(query: string): QueryNames {
  const selectors: { metric: string; labels: string[] }[] = [];
  const grouping: string[] = [];
  const made: string[] = [];
  let making = false;
  parser.parse(query).iterate({
    enter({ name, node, from, to, type }) {
      if (type.isError) throw new Error(`no PromQL at ${from}: ${query}`);
      const text = query.slice(from, to);
      const within = node.parent?.name;
      if (name === 'VectorSelector') selectors.push({ metric: '', labels: [] });
      const selector = selectors.at(-1);
      if (name === 'Identifier' && within === 'VectorSelector' && selector !== undefined) selector.metric = text;
      if (name === 'LabelName' && within === 'GroupingLabels') grouping.push(text);
      else if (name === 'LabelName' && selector !== undefined) selector.labels.push(text);
      if (name === 'LabelReplace' || name === 'CountValues') making = true;
      // The first text of both is the label that they make.
      if (name === 'StringLiteral' && within === 'FunctionCallBody' && making) {
        made.push(text.slice(1, -1));
        making = false;
      }
    },
  });
  return { selectors, grouping, made };
}

/** Labels that every series has: service name and instance of the agent. */
const ofTheAgent = ['job', 'instance'];

/** Every series of the catalogue by its name in Prometheus, with its labels. */
export function seriesOfTheCatalogue(): ReadonlyMap<string, readonly string[]> {
  return new Map(
    Object.entries(catalogue).flatMap(([name, spec]): (readonly [string, readonly string[]])[] => {
      const base = prometheusName({ name, ...spec });
      const labels = [...spec.attributes.map((key) => key.replaceAll('.', '_')), ...ofTheAgent];
      if (spec.kind !== 'histogram') return [[base, labels]];
      return [[`${base}_bucket`, [...labels, 'le']], [`${base}_sum`, labels], [`${base}_count`, labels]];
    }),
  );
}

/**
 * Says of each name in a query that there is no such metric, or not with this label.
 * @param series every series there is, with its labels.
 */
export function unknownNames(query: string, series: ReadonlyMap<string, readonly string[]>): string[] {
  const { selectors, grouping, made } = namesIn(query);
  const known = new Set(made);
  const unknown: string[] = [];
  for (const { metric, labels } of selectors) {
    const of = series.get(metric);
    if (of === undefined) unknown.push(metric);
    for (const label of of ?? []) known.add(label);
    unknown.push(...labels.filter((label) => of?.includes(label) === false).map((label) => `${metric}{${label}}`));
  }
  return [...unknown, ...grouping.filter((label) => !known.has(label))];
}
