import { isDeepStrictEqual } from 'node:util';

/** Something that must hold does not. */
export class Broken extends Error {}

/** @throws {Broken} when the two differ; `what` is only asked then. */
export function same(actual: unknown, expected: unknown, what: () => string): void {
  if (actual === expected || isDeepStrictEqual(actual, expected)) return;
  throw new Broken(`${what()}: is ${shown(actual)}, should be ${shown(expected)}`);
}

/** @throws {Broken} unless it holds; `what` is only asked then. */
export function holds(condition: boolean, what: () => string): void {
  if (!condition) throw new Broken(what());
}

function shown(value: unknown): string {
  const plain = value instanceof Map ? [...value] : value;
  return JSON.stringify(plain, (_key, inner: unknown) => (typeof inner === 'bigint' ? `${inner}n` : inner instanceof Error ? String(inner) : inner)).slice(0, 2_000);
}
