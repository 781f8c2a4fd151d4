import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { criticalUse, highUse, lowBalance } from '../src/metrics/pace.ts';
import { reasons } from '../src/model/reasons.ts';
import { sourceIds } from '../src/model/reading.ts';
import { namesIn, seriesOfTheCatalogue, unknownNames } from './support/promql.ts';

const texts = z.record(z.string(), z.string());
const rule = z.union([
  z.strictObject({ record: z.string(), expr: z.string(), labels: texts.default({}) }),
  z.strictObject({ alert: z.string(), expr: z.string(), for: z.string().optional(), labels: texts, annotations: texts }),
]);

function rulesOf(file: string): z.infer<typeof rule>[] {
  const schema = z.object({ groups: z.array(z.object({ rules: z.array(rule) })) });
  return schema.parse(parse(readFileSync(file, 'utf8'))).groups.flatMap(({ rules }) => rules);
}

const thresholds = rulesOf('deploy/prometheus/thresholds.yml').map(({ labels }) => labels['threshold'] ?? '');
const rules = rulesOf('deploy/prometheus/alerts.yml');
const alerts = rules.flatMap((one) => ('alert' in one ? [one] : []));

/** A series that rules make has the labels of what it is made of. */
function allSeries(): ReadonlyMap<string, readonly string[]> {
  const series = new Map(seriesOfTheCatalogue());
  series.set('claude_usage_metrics:threshold', ['threshold']);
  for (const one of rules) {
    if ('record' in one) series.set(one.record, namesIn(one.expr).grouping);
  }
  return series;
}

const series = allSeries();

test.each(rules.map((one) => ['alert' in one ? one.alert : one.record, one.expr]))('%s has metrics and labels of the catalogue alone', (_, expr) => {
  expect(unknownNames(expr, series)).toEqual([]);
});

test('every reason and source that a rule names exists', () => {
  const matched = (label: string): string[] =>
    rules.flatMap(({ expr }) =>
      Array.from(expr.matchAll(new RegExp(`\\b${label}(?:=|!=|=~|!~)"([^"]*)"`, 'g')), ([, values = '']) =>
        values.includes('(') ? values.replace(')', '').split(/[(|]/).slice(1).map((end) => `${values.split('(')[0] ?? ''}${end}`) : values.split('|'),
      ).flat(),
    );

  expect(matched('outcome').length).toBeGreaterThan(0);
  expect(matched('outcome').filter((value) => ![...reasons, 'success', 'lost', 'rejected'].includes(value))).toEqual([]);
  expect(matched('source').length).toBeGreaterThan(0);
  expect(matched('source').filter((value) => !(sourceIds as readonly string[]).includes(value))).toEqual([]);
});

test('no number of an alert stands anywhere but among the thresholds, each of which is used', () => {
  const used = rules.flatMap(({ expr }) => Array.from(expr.matchAll(/threshold\{threshold="(\w+)"\}/g), ([, name = '']) => name));

  expect([...new Set(used)].sort()).toEqual([...thresholds].sort());
  for (const { expr, alert } of alerts) {
    // 0 and 1 are states, and the ends of a share.
    expect(expr.match(/(?<=[<>]=?\s*)[\d.]+/g)?.filter((number) => number !== '0') ?? [], alert).toEqual([]);
  }
});

test('the status page and the terminal warn where the alerts do', () => {
  const numbers = new Map(rulesOf('deploy/prometheus/thresholds.yml').map(({ labels, expr }) => [labels['threshold'], Number(/[\d.]+/.exec(expr)?.[0])]));
  expect([highUse, criticalUse, lowBalance]).toEqual(['window_high', 'window_full', 'openrouter_balance'].map((name) => numbers.get(name)));
});

describe('docs/alerts.md', () => {
  const page = readFileSync('docs/alerts.md', 'utf8');
  const sections = new Map(page.split(/^## /m).slice(1).map((section) => [section.split('\n', 1)[0] ?? '', section]));

  test('has a section for every alert, and every alert leads to its own', () => {
    const runbooks = [...sections].filter(([, text]) => text.includes('**Sign:**')).map(([heading]) => heading);
    expect(runbooks.sort()).toEqual(alerts.map(({ alert }) => alert).sort());
    for (const { alert, annotations } of alerts) expect(annotations['runbook']).toBe(`docs/alerts.md#${alert.toLowerCase()}`);
  });

  test.each(alerts.map(({ alert }) => alert))('says of %s its sign, its meaning and what to do', (alert) => {
    expect(sections.get(alert)).toMatch(/\*\*Sign:\*\* \S[^]*\*\*Meaning:\*\* \S[^]*\*\*What to do:\*\* \S/);
  });

  test('has every threshold, and no other', () => {
    const rows = Array.from((sections.get('Thresholds') ?? '').matchAll(/^\| `(\w+)` \|/gm), ([, name]) => name);
    expect(rows).toEqual(thresholds);
  });
});

test('every alert has a severity and says what it is about', () => {
  for (const { alert, labels, annotations } of alerts) {
    expect(labels['severity'], alert).toMatch(/^(warning|critical)$/);
    for (const text of [annotations['summary'], annotations['description']]) expect(text, alert).toMatch(/\{\{ \$labels\.(account|job) \}\}/);
  }
});

test('of every alert it is proved that it fires and that it does not', () => {
  const folder = 'test/e2e/alerts/';
  const proof = z.object({
    tests: z.array(z.object({ alert_rule_test: z.array(z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()).default([]) })).default([]) })),
  });
  const proofs = readdirSync(folder).flatMap((file) => proof.parse(parse(readFileSync(folder + file, 'utf8'))).tests.flatMap(({ alert_rule_test }) => alert_rule_test));
  const names = alerts.map(({ alert }) => alert);

  const quiet = proofs.filter(({ exp_alerts }) => exp_alerts.length === 0);
  const firing = proofs.filter(({ exp_alerts }) => exp_alerts.length > 0);
  for (const list of [quiet, firing]) expect(names.filter((name) => !list.some(({ alertname }) => alertname === name))).toEqual([]);
});
