import { readFileSync, readdirSync } from 'node:fs';
import fc from 'fast-check';
import { expect } from 'vitest';
import { parseJson } from '../../../src/http/json.ts';
import { valueAt } from '../../../src/metrics/gauges.ts';
import type { GaugePoint } from '../../../src/model/reading.ts';
import { SourceError } from '../../../src/model/source-error.ts';
import { chatOrganization } from '../../../src/sources/claude-ai/organization.ts';
import { readUsage } from '../../../src/sources/claude-ai/read.ts';
import { fuzz } from '../../support/fuzz.ts';
import { oddValue as odd, torn, withOtherValues } from '../../support/outside.ts';

const now = new Date('2026-10-02T12:15:00Z');

/** Whatever the text of an answer: points that can be true, or an error with a reason. */
function holds(text: string): void {
  try {
    const { gauges, failures, notices } = readUsage(parseJson(Buffer.from(text), 'the body'), now);
    gauges.forEach(isPossible);
    const series = gauges.map(({ metric, attributes }) => `${metric} ${JSON.stringify(attributes)}`);
    expect(new Set(series).size, 'one point a series').toBe(series.length);
    for (const failure of failures) expect(failure).toBeInstanceOf(SourceError);
    for (const said of [...failures.map(({ message }) => message), ...notices.map((notice) => notice.text)]) isPrintable(said, 256);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    expect(['schema', 'too_large']).toContain(error.reason);
    isPrintable(error.message, 256);
  }
}

function isPossible(point: GaugePoint): void {
  const { metric, attributes, validUntil } = point;
  const value = valueAt(point, now);
  expect(Number.isFinite(value) && !Object.is(value, -0), `${metric} is ${value}`).toBe(true);
  if (metric !== 'claude.credit_pool.remaining') expect(value).toBeGreaterThanOrEqual(0);
  if (metric === 'claude.usage.elapsed') expect(value).toBeLessThanOrEqual(1);
  if (metric === 'claude.usage.seconds_to_reset') expect(value).toBeLessThan(200 * 366 * 86_400);
  if (validUntil !== undefined) expect(validUntil.getTime()).toBeGreaterThan(now.getTime());
  expect(Object.isFrozen(attributes)).toBe(true);
  for (const text of Object.values(attributes)) isPrintable(text, 128);
}

function isPrintable(text: string, bytes: number): void {
  expect(text).not.toMatch(/\p{C}/u);
  expect(text).not.toBe('');
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(bytes);
}

const field = fc.oneof({ weight: 5, arbitrary: odd }, { weight: 2, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) }, fc.jsonValue());

function fields(...keys: string[]): fc.Arbitrary<object> {
  return fc.dictionary(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...keys) }, fc.string()), field);
}

const windowObject = fields('utilization', 'resets_at', 'limit_dollars', 'used_dollars', 'remaining_dollars');
const money = fields('amount_minor', 'currency', 'exponent');
const scope = fc.record({ model: fc.oneof(field, fields('id', 'display_name')), surface: field }, { requiredKeys: [] });
const kinds = fc.constantFrom<unknown>('session', 'weekly_all', 'weekly_scoped', 'weekly_scoped', 'spend');
const kind = fc.oneof({ weight: 6, arbitrary: kinds }, field, fc.string({ unit: 'binary' }));
const row = fc
  .tuple(fields('percent', 'resets_at', 'is_active', 'group'), fc.record({ kind, scope: fc.oneof(field, scope) }, { requiredKeys: [] }))
  .map(([own, named]) => ({ ...own, ...named }));
const spend = fc
  .tuple(fields('percent'), fc.dictionary(fc.constantFrom('used', 'limit'), fc.oneof(field, money)), fc.option(fc.record({ money, credits: money })))
  .map(([own, amounts, cap]) => ({ ...own, ...amounts, cap }));
const windowKey = fc.constantFrom('five_hour', 'seven_day', 'seven_day_opus', 'seven_day_breakdown', 'cinder_cove', 'Cinder-Cove', '__proto__');
const body = fc
  .record(
    {
      windows: fc.dictionary(fc.oneof(windowKey, fc.string({ unit: 'binary' })), fc.oneof(windowObject, field)),
      limits: fc.oneof({ weight: 4, arbitrary: fc.array(fc.oneof({ weight: 9, arbitrary: row }, field)) }, field),
      extra_usage: fc.oneof({ weight: 4, arbitrary: fields('utilization', 'used_credits', 'monthly_limit', 'currency', 'decimal_places') }, field),
      spend: fc.oneof({ weight: 4, arbitrary: spend }, field),
    },
    { requiredKeys: ['windows'] },
  )
  .map(({ windows, ...others }) => Object.assign(Object.create(null), windows, others) as object);

const folder = new URL('../../fixtures/claude-ai/', import.meta.url);
const recorded = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => readFileSync(new URL(file, folder), 'utf8'));

/** Any JSON at all, bodies of the right shape with anything in their fields, and recorded ones that are changed or torn. */
const anyBody = fc.oneof(
  fc.json(),
  { weight: 3, arbitrary: body.map((value) => JSON.stringify(value)) },
  { weight: 3, arbitrary: withOtherValues(recorded, fc.oneof(odd, windowObject, row)) },
  { weight: 2, arbitrary: torn(recorded) },
);

fuzz('the usage of claude.ai', anyBody, holds);

const organization = fc.record(
  {
    uuid: fc.oneof(fc.uuid(), fc.string(), fc.constantFrom('..', 'a/b', 'a?b', '%2e%2e'), field),
    capabilities: fc.oneof(fc.array(fc.constantFrom('chat', 'api')), fc.constant('chat'), field),
  },
  { requiredKeys: [] },
);

const lists = fc.oneof({ weight: 9, arbitrary: fc.array(fc.oneof({ weight: 9, arbitrary: organization }, fc.jsonValue())) }, fc.jsonValue());

/** An organization that is found is one of the list, has chat, and changes no path. */
fuzz('the organizations of claude.ai', lists, (list) => {
  try {
    const uuid = chatOrganization(list);
    expect(new URL(`https://claude.ai/api/organizations/${uuid}/usage`).pathname).toBe(`/api/organizations/${uuid}/usage`);
    expect(list).toContainEqual(expect.objectContaining({ uuid, capabilities: expect.arrayContaining(['chat']) as unknown }));
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    expect(['schema', 'forbidden']).toContain(error.reason);
  }
});
