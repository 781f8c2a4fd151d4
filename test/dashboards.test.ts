import { describe, expect, test } from 'vitest';
import { panelsOf, queriesOf, shippedDashboards, withVariables } from './support/dashboards.ts';
import { namesIn, seriesOfTheCatalogue, unknownNames } from './support/promql.ts';

const catalogued = seriesOfTheCatalogue();
const shipped = [...shippedDashboards()];
const queries = shipped.flatMap(([file, dashboard]) => queriesOf(file, dashboard));
/** PromQL as Prometheus gets it; the values are of no matter here. */
const written = queries.map((query) => ({
  ...query,
  promql: withVariables(query.expr, { account: '.+', __interval: '1m', __rate_interval: '5m', __range: '1d' }),
}));

test.each(written)('$dashboard, $panel: every metric and label is in the catalogue: $expr', ({ promql }) => {
  expect(unknownNames(promql, catalogued)).toEqual([]);
});

test.each(written)('$dashboard, $panel: every label that a name shows is left by the query: $legend', ({ promql, legend }) => {
  const { selectors, grouping } = namesIn(promql);
  const left = grouping.length > 0 ? grouping : selectors.flatMap(({ metric }) => catalogued.get(metric) ?? []);
  expect(Array.from(legend.matchAll(/\{\{(\w+)\}\}/g), ([, label]) => label).filter((label) => !left.includes(label ?? ''))).toEqual([]);
});

test('every metric of the catalogue is on a dashboard', () => {
  const shown = new Set(written.flatMap(({ promql }) => namesIn(promql).selectors.map(({ metric }) => metric)));
  // Of a histogram a part is enough.
  const parts = /_seconds_(bucket|sum|count)$/;
  const whole = (metric: string): string => metric.replace(parts, '_seconds');
  const seen = new Set([...shown].map(whole));
  expect([...new Set([...catalogued.keys()].map(whole))].filter((metric) => !seen.has(metric))).toEqual([]);
});

test('every query is of the accounts that are chosen, where its metric has an account', () => {
  for (const { expr, promql } of written) {
    const withAccount = namesIn(promql).selectors.filter(({ metric }) => catalogued.get(metric)?.includes('account'));
    expect(expr.split('account=~"$account"').length - 1, expr).toBe(withAccount.length);
  }
});

test('owners of one name, and those with an e-mail address alone, have rows of their own', () => {
  const byOwner = written.filter(({ promql }) => /\bby \([^)]*owner_/.test(promql));
  expect(byOwner.length).toBeGreaterThan(0);
  for (const { promql } of byOwner) {
    expect(promql).toContain('by (owner_email, owner_name)');
    // What takes one of each id keeps both.
    expect(promql).not.toMatch(/without \([^)]*owner_/);
  }
});

describe.each(shipped)('%s', (file, dashboard) => {
  const panels = panelsOf(dashboard);

  test('is called as its address is', () => {
    expect(`${dashboard.uid ?? ''}.json`).toBe(file);
  });

  test('takes data source and account from variables, and has no other', () => {
    expect(dashboard.templating?.list?.map(({ name }) => name)).toEqual(['datasource', 'account']);
    for (const { datasource, targets = [] } of panels) {
      for (const one of [datasource, ...targets.map(({ datasource: own }) => own)]) expect(one).toEqual({ type: 'prometheus', uid: '${datasource}' });
    }
  });

  test('asks for the accounts by a metric of the catalogue', () => {
    const [, account] = dashboard.templating?.list ?? [];
    const { query = '' } = (account?.query ?? {}) as { readonly query?: string };
    const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(query) ?? [];
    expect(catalogued.get(metric)).toContain(label);
  });

  test('every panel says what it shows, and all but tables what it means that nothing is there', () => {
    for (const { title, type, description, fieldConfig } of panels) {
      expect(title).toMatch(/\S/);
      expect(description, title).toMatch(/\S.*\.$/);
      if (type !== 'table') expect(fieldConfig?.defaults.noValue, title).toMatch(/\S/);
      expect(fieldConfig?.defaults.unit, title).toMatch(/\S/);
    }
  });

  test('every bar begins at 0, and that of a share in a table is full at 1', () => {
    const ranges = (properties: readonly { readonly id: string; readonly value?: unknown }[]): unknown[] => ['min', 'max'].map((end) => properties.find(({ id }) => id === end)?.value);
    for (const { title, type, fieldConfig } of panels) {
      if (type === 'bargauge') expect(fieldConfig?.defaults.min, title).toBe(0);
      for (const { properties } of fieldConfig?.overrides ?? []) {
        const cell = properties.find(({ id }) => id === 'custom.cellOptions')?.value as { readonly type: string } | undefined;
        if (cell?.type === 'gauge') expect(ranges(properties), title).toEqual([0, 1]);
      }
    }
  });

  test('no two panels have one number, or one place', () => {
    const all = dashboard.panels ?? [];
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    const taken = new Set<string>();
    for (const { gridPos: { x = 0, y = 0, w = 0, h = 0 } = {}, title } of all) {
      expect(x + w, title).toBeLessThanOrEqual(24);
      for (let column = x; column < x + w; column += 1) {
        for (let row = y; row < y + h; row += 1) {
          expect(taken.has(`${column},${row}`), title).toBe(false);
          taken.add(`${column},${row}`);
        }
      }
    }
  });
});
