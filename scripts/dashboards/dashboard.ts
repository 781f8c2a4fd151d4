import { type AnnotationQuery, type Dashboard, DashboardCursorSync, type Panel, type RowPanel, VariableRefresh, VariableSort } from '@grafana/schema';
import { nameOf } from './query.ts';
import { type Placeable, datasource } from './panel.ts';

/** A heading and what is below it. */
export interface Section {
  readonly heading: string;
  readonly panels: readonly Placeable[];
}

/** What makes a dashboard of its sections. */
export interface Page {
  /** For ever: links and stars hang on it. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** Where the time range begins, such as `now-7d`. */
  readonly from: string;
  /** `utc` where days are those of the upstream's reports. */
  readonly timezone: 'browser' | 'utc';
  readonly annotations?: readonly AnnotationQuery[];
  readonly sections: readonly Section[];
}

const tag = 'claude-usage-metrics';

/** A dashboard in Grafana's JSON. */
export function dashboard(page: Page): Dashboard {
  return {
    uid: page.uid,
    title: page.title,
    description: page.description,
    tags: [tag],
    editable: true,
    // Grafana brings older ones up to date by itself.
    schemaVersion: 41,
    graphTooltip: DashboardCursorSync.Crosshair,
    refresh: '1m',
    time: { from: page.from, to: 'now' },
    timezone: page.timezone,
    weekStart: 'monday',
    links: [
      {
        type: 'dashboards',
        title: '',
        tags: [tag],
        asDropdown: false,
        icon: 'external link',
        includeVars: true,
        keepTime: false,
        targetBlank: false,
        tooltip: '',
      },
    ],
    annotations: { list: [...(page.annotations ?? [])] },
    templating: {
      list: [
        { type: 'datasource', name: 'datasource', label: 'Data source', query: 'prometheus', refresh: VariableRefresh.onDashboardLoad },
        {
          type: 'query',
          name: 'account',
          label: 'Account',
          datasource,
          // Every source of every account has it, whether it can be read or not.
          query: { query: `label_values(${nameOf('claude_usage_metrics.source.up')}, account)`, refId: 'account' },
          refresh: VariableRefresh.onTimeRangeChanged,
          sort: VariableSort.alphabeticalAsc,
          multi: true,
          includeAll: true,
          allValue: '.+',
          current: { text: ['All'], value: ['$__all'] },
        },
      ],
    },
    panels: placed(page.sections),
  };
}

const pageWidth = 24;

/** Headings and panels from left to right, in a new line when one is full. */
function placed(sections: readonly Section[]): (Panel | RowPanel)[] {
  const all: (Panel | RowPanel)[] = [];
  let y = 0;
  for (const { heading, panels } of sections) {
    all.push({ id: all.length + 1, type: 'row', title: heading, collapsed: false, panels: [], gridPos: { x: 0, y, w: pageWidth, h: 1 } });
    y += 1;
    let x = 0;
    let height = 0;
    for (const { size, ...panel } of panels) {
      const [w, h] = size;
      if (x + w > pageWidth) {
        y += height;
        x = 0;
        height = 0;
      }
      all.push({ id: all.length + 1, ...panel, gridPos: { x, y, w, h } });
      x += w;
      height = Math.max(height, h);
    }
    y += height;
  }
  return all;
}
