import type { Dashboard, Panel, RowPanel } from '@grafana/schema';
import { readFileSync, readdirSync } from 'node:fs';

const folder = new URL('../../deploy/grafana/dashboards/', import.meta.url);

/** A query of a dashboard, as its JSON has it. */
export interface DashboardQuery {
  readonly dashboard: string;
  readonly panel: string;
  readonly expr: string;
  readonly legend: string;
  /** Over the time range, else as of its end. */
  readonly range: boolean;
  /** The shortest time between two points, where the panel says one. */
  readonly interval: string | undefined;
}

/** The dashboards that are shipped, by the names of their files. */
export function shippedDashboards(): ReadonlyMap<string, Dashboard> {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return new Map(files.map((name) => [name, JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Dashboard]));
}

/** Its panels without the headings. */
export function panelsOf(dashboard: Dashboard): Panel[] {
  return (dashboard.panels ?? []).filter((panel): panel is Panel => !isHeading(panel));
}

function isHeading(panel: Panel | RowPanel): panel is RowPanel {
  return panel.type === 'row';
}

/** Every query of every panel, and of every annotation. */
export function queriesOf(file: string, dashboard: Dashboard): DashboardQuery[] {
  const ofPanels = panelsOf(dashboard).flatMap(({ title = '', interval, targets = [] }) =>
    targets.map((target) => {
      const { expr, legendFormat, range } = target as { readonly expr: string; readonly legendFormat: string; readonly range: boolean };
      return { dashboard: file, panel: title, expr, legend: legendFormat, range, interval };
    }),
  );
  const ofAnnotations = (dashboard.annotations?.list ?? []).map((annotation) => {
    const { name, expr, textFormat } = annotation as unknown as { readonly name: string; readonly expr: string; readonly textFormat: string };
    return { dashboard: file, panel: name, expr, legend: textFormat, range: true, interval: undefined };
  });
  return [...ofPanels, ...ofAnnotations];
}

/** What Grafana puts in place of the variables in a query. */
export function withVariables(expr: string, values: Readonly<Record<'account' | '__interval' | '__rate_interval' | '__range', string>>): string {
  // `$1` of a label's replacement stays, as it does in Grafana.
  return expr.replaceAll(/\$(__\w+|[a-z]+)/g, (whole, name: string) => {
    const value = Object.entries(values).find(([key]) => key === name)?.[1];
    if (value === undefined) throw new Error(`no variable ${whole} in ${expr}`);
    return value;
  });
}
