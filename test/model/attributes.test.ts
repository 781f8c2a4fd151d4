import fc from 'fast-check';
import { expect, test } from 'vitest';
import { attributeSet } from '../../src/model/attributes.ts';
import { propertyOptions, propertyTimeoutMs } from '../support/property.ts';

const content = fc.dictionary(fc.string(), fc.option(fc.string(), { nil: undefined }), { maxKeys: 6 });

test('the same content is the same object, whatever its order; another content is another', () => {
  const byContent = new Map<string, object>();
  fc.assert(
    fc.property(content, (given) => {
      const set = attributeSet(given);
      const entries = Object.entries(given).filter(([, value]) => value !== undefined);
      expect(new Map(Object.entries(set))).toEqual(new Map(entries));
      expect(attributeSet(Object.fromEntries(Object.entries(given).reverse()))).toBe(set);
      const key = JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
      expect(byContent.get(key) ?? set).toBe(set);
      byContent.set(key, set);
    }),
    propertyOptions(),
  );
  expect(new Set(byContent.values()).size).toBe(byContent.size);
}, propertyTimeoutMs);

test('a set cannot be changed', () => {
  expect(Object.isFrozen(attributeSet({ type: 'input' }))).toBe(true);
});

// Of two million keys these are some whose contents have the same hash of 32 bits.
test.each([
  ['apikey_1162789', 'apikey_1379192'],
  ['apikey_1162788', 'apikey_1379193'],
])('%s and %s are told apart', (one, other) => {
  const sets = [one, other].map((id) => attributeSet({ api_key_id: id }));
  expect(sets).toEqual([{ api_key_id: one }, { api_key_id: other }]);
  expect([one, other].map((id) => attributeSet({ api_key_id: id }) === sets[id === one ? 0 : 1])).toEqual([true, true]);
});
