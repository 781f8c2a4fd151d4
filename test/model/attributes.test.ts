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

test('hundreds of thousands are told apart', () => {
  // So many that some of them share a hash of 32 bits.
  const sets = Array.from({ length: 200_000 }, (_, key) => attributeSet({ api_key_id: `apikey_${key * 7919}`, type: 'input' }));
  expect(new Set(sets).size).toBe(sets.length);
  expect(sets.every((set, key) => attributeSet({ type: 'input', api_key_id: `apikey_${key * 7919}` }) === set)).toBe(true);
});
