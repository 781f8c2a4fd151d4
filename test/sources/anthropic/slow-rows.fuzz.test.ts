import fc from 'fast-check';
import { expect } from 'vitest';
import type { AttributeSet } from '../../../src/model/attributes.ts';
import type { Cell } from '../../../src/model/report.ts';
import { SourceError } from '../../../src/model/source-error.ts';
import { analyticsCells, keyCostRows, requestRows } from '../../../src/sources/anthropic/analytics-rows.ts';
import { claudeCodeCells } from '../../../src/sources/anthropic/claude-code-rows.ts';
import { readOrganization, readRateLimits } from '../../../src/sources/anthropic/limits-read.ts';
import { fuzz } from '../../support/fuzz.ts';
import { atOnce } from '../../support/steps.ts';
import { fixture } from './support.ts';

const dayMs = 86_400_000;
const fromMs = Date.parse('2026-11-17T00:00:00Z');
const span = { fromMs, toMs: fromMs + dayMs, bucketMs: dayMs, defaultWorkspace: 'wrkspc_01FakeFixtureWspcDEFAULT' };

const odd = fc.constantFrom<unknown>(
  ...[null, true, false, undefined, '', ' ', [], {}, [[]], [null], 0, -1, 1, 0.5, 2 ** 53, 1e21, 1e308, 5e-324, 1e-7, Number.POSITIVE_INFINITY],
  ...['1e3', 'abc', '-5', '0.0000625', '12378.9125', '8.88000000000001', 'EUR', 'USD', '\u0000', '\u202e', '\ud800', '模型', '__proto__', 'x'.repeat(300)],
  ...['2026-11-17T00:00:00Z', '2026-11-18T00:00:00Z', '2026-11-17T12:00:00Z', '2026-11-17', '9999-12-31T23:59:59Z', 'model_group', 'rate_limit'],
);

/** Rows of a recorded body with some of their values replaced, left out or put under another name. */
function changed(...files: readonly string[]): fc.Arbitrary<unknown[]> {
  const rows = files.flatMap((file) => (fixture(file) as { data: unknown[] }).data);
  const change = fc.tuple(fc.nat(), fc.oneof({ weight: 3, arbitrary: odd }, fc.jsonValue()), fc.boolean());
  return fc.tuple(fc.shuffledSubarray(rows, { minLength: 1 }), fc.array(change, { maxLength: 4 })).map(([some, changes]) => {
    const copy: unknown = structuredClone(some);
    for (const [at, value, renames] of changes) {
      const places = placesOf(copy);
      const place = places[at % places.length];
      if (place === undefined) continue;
      if (renames && typeof value === 'string' && !Array.isArray(place.holder)) {
        Object.defineProperty(place.holder, value, { value: place.holder[place.key], enumerable: true, configurable: true, writable: true });
        Reflect.deleteProperty(place.holder, place.key);
      } else place.holder[place.key] = structuredClone(value);
    }
    return copy as unknown[];
  });
}

interface Place {
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

function placesOf(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...placesOf(holder[key])]);
}

/** What comes out can be true, or nothing does, for a reason. */
function holds<T>(read: () => readonly T[], isPossible: (one: T) => void): void {
  try {
    read().forEach(isPossible);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    expect(error.reason).toBe('schema');
    isPrintable(error.message, 256);
  }
}

function isPossibleCell({ metric, bucketStart, attributes, value }: Cell): void {
  if (!metric.endsWith('cost')) expect(value).toBeGreaterThan(0n);
  if (!metric.endsWith('cost')) expect(value).toBeLessThan(2n ** 53n);
  expect(bucketStart.getTime()).toBe(fromMs);
  arePrintable(attributes);
}

function arePrintable(attributes: AttributeSet): void {
  for (const text of Object.values(attributes)) isPrintable(text, 128);
}

function isPrintable(text: string, bytes: number): void {
  expect(text).not.toMatch(/\p{C}/u);
  expect(text).not.toBe('');
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(bytes);
}

const usage = { ...requestRows, dimensions: ['actor_type', 'workspace_id'] };
const cost = { ...keyCostRows, dimensions: ['workspace_id', 'model', 'cost_type', 'token_type'] };

/** Recorded rows with some values changed, and any others. */
function rowsLike(...files: readonly string[]): fc.Arbitrary<unknown[]> {
  return fc.oneof({ weight: 5, arbitrary: changed(...files) }, fc.array(fc.jsonValue()), fc.array(odd));
}

fuzz('rows of requests', rowsLike('analytics-usage-actors.json'), (rows) => {
  for (const rule of [usage, requestRows]) holds(() => atOnce(analyticsCells(rows, rule, span)), isPossibleCell);
});

fuzz('rows of the cost by key', rowsLike('analytics-cost-1d-page1.json', 'analytics-cost-1d-page2.json'), (rows) => {
  for (const rule of [cost, keyCostRows]) holds(() => atOnce(analyticsCells(rows, rule, span)), isPossibleCell);
});

fuzz('rows of Claude Code', rowsLike('claude-code-day-page1.json', 'claude-code-day-page2.json'), (rows) => {
  holds(() => atOnce(claudeCodeCells(rows, fromMs, true)), isPossibleCell);
});

fuzz('limits and the organization', rowsLike('rate-limits-org-v2023.json', 'rate-limits-org-v2026.json'), (rows) => {
  holds(() => readRateLimits(rows), ({ attributes, value }) => {
    expect(Number.isSafeInteger(value)).toBe(true);
    expect(value).toBeGreaterThanOrEqual(0);
    arePrintable(attributes);
  });
  holds(() => [readOrganization(rows[0])], ({ attributes }) => arePrintable(attributes));
});
