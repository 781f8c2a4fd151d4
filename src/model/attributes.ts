/**
 * Attributes of a point: frozen and interned, so that the same content is the same object from row to exporter and may
 * be compared by `===`.
 */
export type AttributeSet = Readonly<Record<string, string>>;

type Entry = WeakRef<AttributeSet>;

/**
 * By hash of their content; a list where two that live share one. An organization has hundreds of thousands of sets: text
 * keys, or a finalizer for each, would take more memory than the sets do.
 */
const interned = new Map<number, Entry | readonly Entry[]>();

/** Where the table is looked through for sets that are gone; see {@link tidy}. */
let tidying = interned.entries();

/**
 * The one {@link AttributeSet} with this content. Order of keys does not matter; values that are undefined are left out.
 */
export function attributeSet(content: Readonly<Record<string, string | undefined>>): AttributeSet {
  const names = namesOf(content);
  const hash = hashOf(names, content);
  const found = interned.get(hash);
  for (const entry of listOf(found)) {
    const known = entry.deref();
    if (known !== undefined && isSame(known, names, content)) return known;
  }
  const made: AttributeSet = Object.freeze(Object.fromEntries(names.map((name) => [name, content[name] ?? ''])));
  const entry = new WeakRef(made);
  const others = listOf(found).filter(isAlive);
  interned.set(hash, others.length === 0 ? entry : [...others, entry]);
  tidy();
  return made;
}

/** Of what is there, sorted. */
function namesOf(content: Readonly<Record<string, string | undefined>>): string[] {
  const names = Object.keys(content);
  let count = 0;
  let isSorted = true;
  for (const name of names) {
    if (content[name] === undefined) continue;
    if (count > 0 && (names[count - 1] ?? '') > name) isSorted = false;
    names[count++] = name;
  }
  names.length = count;
  // Most come in order, and a look is cheaper than to sort.
  return isSorted ? names : names.sort();
}

/** 32 bits of FNV-1a over the UTF-16 units of names and values. */
function hashOf(names: readonly string[], content: Readonly<Record<string, string | undefined>>): number {
  let hash = 0x811c9dc5;
  const add = (text: string): void => {
    for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    // Where one text ends is part of the content.
    hash = Math.imul(hash ^ 0x10000, 0x01000193);
  };
  for (const name of names) {
    add(name);
    add(content[name] ?? '');
  }
  return hash;
}

function isSame(set: AttributeSet, names: readonly string[], content: Readonly<Record<string, string | undefined>>): boolean {
  return Object.keys(set).length === names.length && names.every((name) => Object.hasOwn(set, name) && set[name] === content[name]);
}

function listOf(found: Entry | readonly Entry[] | undefined): readonly Entry[] {
  if (found === undefined) return [];
  return found instanceof WeakRef ? [found] : found;
}

function isAlive(entry: Entry): boolean {
  return entry.deref() !== undefined;
}

/**
 * Looks at the next two places of the table whenever one is added, and takes out what is gone: so the table is never much larger
 * than twice the sets that live, and no single call is a long one.
 */
function tidy(): void {
  for (let looked = 0; looked < 2; looked++) {
    const next = tidying.next();
    if (next.done === true) {
      tidying = interned.entries();
      return;
    }
    const [hash, found] = next.value;
    if (!listOf(found).some(isAlive)) interned.delete(hash);
  }
}
