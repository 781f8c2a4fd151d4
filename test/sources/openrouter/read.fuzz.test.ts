import { readFileSync, readdirSync } from 'node:fs';
import fc from 'fast-check';
import { expect } from 'vitest';
import type { GaugePoint } from '../../../src/model/reading.ts';
import { SourceError } from '../../../src/model/source-error.ts';
import { readCredits, readKey } from '../../../src/sources/openrouter/read.ts';
import { fuzz } from '../../support/fuzz.ts';
import { fixtures } from './support.ts';

const bodies = readdirSync(fixtures)
  .filter((file) => /^(key|credits)\..*\.json$/.test(file))
  .map((file) => readFileSync(new URL(file, fixtures), 'utf8'));

/** Values that parsers stumble over, beside all others. */
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom<unknown>(1.7e308, -1.7e308, '1e400', '-0', 'NaN', '__proto__', 'daily', 'weekly', 'monthly'),
);

/** A recorded body with one to four of its parts replaced or taken away. */
const mutated = fc
  .tuple(fc.constantFrom(...bodies), fc.array(fc.tuple(fc.nat(), fc.option(anything, { nil: undefined })), { minLength: 1, maxLength: 4 }))
  .map(([text, changes]) => changes.reduce<unknown>((body, [at, value]) => withChange(body, at, value), JSON.parse(text)));

const times = fc.date({ min: new Date('2020-01-01'), max: new Date('2199-12-31'), noInvalidDate: true });
const answer = fc.oneof(mutated, anything, anything.map((data) => ({ data })));

/** Finite points, or a SourceError and nothing else. */
fuzz('key and credits of OpenRouter', fc.tuple(answer, times, fc.constantFrom(true, false, undefined)), ([body, at, kind]) => {
  for (const read of [() => readKey(body, at), () => readCredits(body, kind)]) {
    for (const point of pointsOf(read)) check(point, at);
  }
});

function pointsOf(read: () => { readonly gauges: readonly GaugePoint[] } | undefined): readonly GaugePoint[] {
  try {
    return read()?.gauges ?? [];
  } catch (error) {
    expect(error).toBeInstanceOf(SourceError);
    expect(error).toMatchObject({ reason: 'schema' });
    return [];
  }
}

function check({ metric, value, attributes, validUntil }: GaugePoint, at: Date): void {
  if (metric === 'openrouter.key.seconds_to_reset') {
    expect(value).toEqual({ kind: 'seconds_until', instant: validUntil });
  } else {
    expect(value).toSatisfy(Number.isFinite);
  }
  if (metric === 'openrouter.key.usage') expect(['total', 'daily', 'weekly', 'monthly']).toContain(attributes['window']);
  else expect(attributes).toEqual({});
  if (validUntil !== undefined) expect(validUntil.getTime()).toBeGreaterThan(at.getTime());
}

/** The body with the part that is `at`-th in order, counted round, replaced, or taken away when there is no value. */
function withChange(body: unknown, at: number, value: unknown): unknown {
  const places: (readonly [object, string])[] = [];
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [name, child] of Object.entries(node)) {
      places.push([node, name]);
      walk(child);
    }
  };
  walk(body);
  const place = places[at % places.length];
  if (place === undefined) return value;
  const [node, name] = place;
  if (value === undefined) Reflect.deleteProperty(node, name);
  else Object.defineProperty(node, name, { value: structuredClone(value), enumerable: true, configurable: true, writable: true });
  return body;
}
