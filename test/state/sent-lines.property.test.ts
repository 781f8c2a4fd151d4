import fc from 'fast-check';
import { expect, test } from 'vitest';
import { attributeSet } from '../../src/model/attributes.ts';
import { reportIds, totalNames } from '../../src/model/report.ts';
import type { SentTotals } from '../../src/model/sent-totals.ts';
import { sentLines, sentTotals } from '../../src/state/sent-lines.ts';
import { propertySeed } from '../support/property.ts';

const text = fc.string({ unit: 'binary', maxLength: 12 });
const attributes = fc.dictionary(text.filter((key) => key !== '__proto__'), text, { maxKeys: 5 }).map(attributeSet);
const money = fc.bigInt(-(10n ** 40n), 10n ** 40n);
const instantMs = fc.integer({ min: 0, max: 4_102_444_800_000 });

const series = fc.record(
  {
    report: fc.constantFrom(...reportIds),
    periodStartMs: instantMs,
    metric: fc.constantFrom(...totalNames),
    attributes,
    sent: money,
    cut: money,
    known: money,
    owesZero: fc.record({ pushed: fc.boolean(), scraped: fc.boolean() }),
  },
  { requiredKeys: ['report', 'periodStartMs', 'metric', 'attributes', 'cut', 'owesZero'] },
);

const totals = fc.record(
  {
    account: text,
    cutEndMs: instantMs,
    pending: fc.record({
      startMs: instantMs,
      endMs: instantMs,
      points: fc.array(fc.record({ metric: fc.constantFrom(...totalNames), attributes, value: money }), { maxLength: 5 }),
    }),
    reports: fc.array(fc.record({ report: fc.constantFrom(...reportIds), grouping: text, cutting: fc.boolean() }), { maxLength: 4 }),
    series: fc.array(series, { maxLength: 20 }),
  },
  { requiredKeys: ['account', 'reports', 'series'] },
);

test('what was written is read back, attribute sets as the same objects', async () => {
  await fc.assert(
    fc.asyncProperty(totals, async (written) => {
      const lines = [...sentLines(written)];
      expect(lines.some((line) => line.includes('\n'))).toBe(false);
      const read = await sentTotals(lines);
      expect(read).toEqual(written);
      for (const [index, one] of [...read.series].entries()) expect(one.attributes).toBe(written.series[index]?.attributes);
    }),
    { seed: propertySeed },
  );
});

test('what version 1 wrote is read still', async () => {
  const lines = [
    '{"format":"claude-usage-metrics totals","version":1}',
    '{"account":"default","cutEndMs":5,"reports":[{"report":"anthropic-usage","grouping":"model","cutting":true}]}',
    '{"report":"anthropic-usage","periodStartMs":0,"metric":"claude.tokens","keys":["model"]}',
    '"m"',
    '["5","3",1,0]',
    '[null,"4",0,-1]',
  ];
  const one = { report: 'anthropic-usage', periodStartMs: 0, metric: 'claude.tokens' } as const;
  expect(await sentTotals(lines)).toEqual({
    account: 'default',
    cutEndMs: 5,
    reports: [{ report: 'anthropic-usage', grouping: 'model', cutting: true }],
    series: [
      { ...one, attributes: attributeSet({ model: 'm' }), sent: 5n, cut: 3n, owesZero: { pushed: true, scraped: true } },
      { ...one, attributes: attributeSet({}), cut: 4n, owesZero: { pushed: false, scraped: false } },
    ],
  });
});

test('a key may be the name of something that every object inherits', async () => {
  const one = { report: 'anthropic-usage', periodStartMs: 0, metric: 'claude.tokens', cut: 0n, owesZero: { pushed: false, scraped: false } } as const;
  const written: SentTotals = {
    account: 'default',
    reports: [],
    series: [
      { ...one, attributes: attributeSet({ toString: 'a', constructor: 'b' }) },
      { ...one, attributes: attributeSet({}) },
    ],
  };
  expect(await sentTotals([...sentLines(written)])).toEqual(written);
});

test('lines that were not written so are refused, never taken for something else, and never pollute a prototype', async () => {
  const good: SentTotals = {
    account: 'default',
    reports: [{ report: 'anthropic-usage', grouping: 'model', cutting: true }],
    series: [{ report: 'anthropic-usage', periodStartMs: 0, metric: 'claude.tokens', attributes: attributeSet({ model: 'm' }), sent: 5n, cut: 3n, owesZero: { pushed: false, scraped: false } }],
  };
  const lines = [...sentLines(good)];
  await fc.assert(
    fc.asyncProperty(fc.nat(lines.length - 1), fc.oneof(fc.json(), text, fc.constant('{"__proto__":{"polluted":1}}')), async (at, line) => {
      const changed = lines.with(at, line);
      const read = await sentTotals(changed).catch(() => undefined);
      if (read !== undefined) for (const one of read.series) expect(typeof one.cut).toBe('bigint');
      expect('polluted' in {}).toBe(false);
    }),
    { numRuns: 500, seed: propertySeed },
  );
});
