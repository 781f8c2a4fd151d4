/**
 * Attributes of a point: frozen and interned, so that the same content is the same object from row to exporter and may
 * be compared by `===`.
 */
export type AttributeSet = Readonly<Record<string, string>>;

const interned = new Map<string, WeakRef<AttributeSet>>();
const collected = new FinalizationRegistry<string>((key) => {
  if (interned.get(key)?.deref() === undefined) interned.delete(key);
});

/**
 * The one {@link AttributeSet} with this content. Order of keys does not matter; values that are undefined are left out.
 */
export function attributeSet(content: Readonly<Record<string, string | undefined>>): AttributeSet {
  const entries = Object.entries(content)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const key = JSON.stringify(entries);
  const known = interned.get(key)?.deref();
  if (known !== undefined) return known;
  const made: AttributeSet = Object.freeze(Object.fromEntries(entries));
  interned.set(key, new WeakRef(made));
  collected.register(made, key);
  return made;
}
