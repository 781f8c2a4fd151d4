import fc from 'fast-check';

/** Values that readers of JSON stumble over, beside all others. */
export const oddValue = fc.constantFrom<unknown>(
  ...[null, true, false, '', ' ', [], {}, [[]], [null], 0, -1, 1, 0.5, 99.9, 101, 2 ** 53, 1e21, 1e308, -1e308, 5e-324, 1e-7],
  ...['42', '-0', '1e3', '1e400', '-5', '0.0000625', '12378.9125', '8.88000000000001', 'NaN', 'abc', 'USD', 'eur', 'EUR', 'K\u0308'],
  ...['\u0000', '\u202e', '\ud800', '模型', '__proto__', 'constructor', 'x'.repeat(300)],
  ...['2026-10-02T13:00:00Z', '2026-10-02T13:00:00.123456+02:00', '2026-11-17', '9999-12-31T23:59:59Z', '2026-02-30T00:00:00Z', 1790946000, 1790946000000],
);

/** Anything that JSON can say. */
export const anyJson = fc.oneof({ weight: 3, arbitrary: oddValue }, fc.jsonValue({ maxDepth: 3 }), fc.double({ noNaN: true, noDefaultInfinity: true }));

/** Texts that are what they should be, with some of their JSON values, keys included, replaced by others. */
export function withOtherValues(texts: readonly string[], replacement: fc.Arbitrary<unknown> = anyJson): fc.Arbitrary<string> {
  return fc.tuple(fc.constantFrom(...texts), fc.array(fc.tuple(fc.nat(), replacement), { minLength: 1, maxLength: 5 })).map(([text, changes]) => {
    let changed = text;
    for (const [at, value] of changes) {
      const tokens = [...changed.matchAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|\[\s*\]|\{\s*\}/g)];
      const token = tokens[at % tokens.length];
      if (token === undefined) continue;
      const isKey = changed.slice(token.index + token[0].length).trimStart().startsWith(':');
      const written = JSON.stringify(isKey && typeof value !== 'string' ? JSON.stringify(value) : value);
      changed = changed.slice(0, token.index) + written + changed.slice(token.index + token[0].length);
    }
    return changed;
  });
}

/** Texts with a piece cut out, doubled or replaced by something else, or cut short. */
export function torn(texts: readonly string[]): fc.Arbitrary<string> {
  const how = fc.constantFrom('cut', 'double', 'short', 'replace');
  return fc.tuple(fc.constantFrom(...texts), fc.nat(), fc.nat(40), how, fc.string({ unit: 'binary', maxLength: 8 })).map(([text, from, length, kind, other]) => {
    const start = from % Math.max(1, text.length);
    const piece = text.slice(start, start + length);
    const rest = text.slice(start + length);
    const middle = { cut: '', double: piece + piece, short: '', replace: other }[kind];
    return text.slice(0, start) + middle + (kind === 'short' ? '' : rest);
  });
}

/** Bytes with some of them changed, left out or added. */
export function damaged(originals: readonly Uint8Array[]): fc.Arbitrary<Buffer> {
  const change = fc.tuple(fc.nat(), fc.constantFrom('flip', 'drop', 'add', 'short'), fc.nat(255));
  return fc.tuple(fc.constantFrom(...originals), fc.array(change, { minLength: 1, maxLength: 4 })).map(([original, changes]) => {
    let bytes = Buffer.from(original);
    for (const [place, kind, byte] of changes) {
      const at = place % Math.max(1, bytes.length);
      if (kind === 'flip') bytes[at] = byte;
      else if (kind === 'drop') bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + (byte % 8))]);
      else if (kind === 'add') bytes = Buffer.concat([bytes.subarray(0, at), Buffer.of(byte, byte), bytes.subarray(at)]);
      else bytes = bytes.subarray(0, at);
    }
    return bytes;
  });
}
