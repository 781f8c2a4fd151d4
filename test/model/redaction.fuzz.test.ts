import fc from 'fast-check';
import { expect } from 'vitest';
import { redact, rememberRenewed } from '../../src/model/redaction.ts';
import { cleanText, maxAttributeBytes, slug } from '../../src/model/text.ts';
import { fuzz } from '../support/fuzz.ts';

const printable = fc.string({ unit: fc.constantFrom(...Array.from({ length: 95 }, (_, i) => String.fromCharCode(0x20 + i)), '\\', '%', '"'), maxLength: 24 });

/** With a core of its own, so that what is left of it can be told, and no other input's secret is in it. */
const secret = fc
  .tuple(printable, fc.string({ unit: fc.constantFrom('g', 'h', 'j', 'k', 'q', 'v', 'w', 'x', 'z'), minLength: 12, maxLength: 12 }), printable)
  .map(([before, core, after]) => ({ value: `${before}${core}${after}`.trim(), core }));
const forms: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => text.toUpperCase(),
  (text) => JSON.stringify(text).slice(1, -1),
  (text) => JSON.stringify(JSON.stringify(text)).slice(3, -3),
  encodeURIComponent,
  (text) => encodeURIComponent(encodeURIComponent(text)),
  (text) => encodeURIComponent(JSON.stringify(text).slice(1, -1)),
  (text) => Buffer.from(text).toString('base64'),
  (text) => Buffer.from(`x:${JSON.stringify(text)}`).toString('base64url'),
  (text) => encodeURIComponent(Buffer.from(`Bearer ${text}`).toString('base64')),
  (text) => Buffer.from(text).toString('hex'),
];
/** No letters and digits, that would make other characters of those behind a percent sign or a backslash. */
const around = fc.string({ unit: fc.constantFrom(' ', '"', '<', '\n', '模', '.', '/', '=', ':'), maxLength: 40 });
const text = fc.oneof({ weight: 2, arbitrary: fc.string({ unit: 'binary' }) }, fc.string({ unit: fc.constantFrom('\\', '%', '5c', '25', 'u00', '"'), maxLength: 3_000 }));

fuzz('secrets in any text', fc.tuple(secret, fc.constantFrom(...forms), around, around, text), ([{ value, core }, form, before, after, other]) => {
  rememberRenewed(value);
  const clean = redact(`${before}${form(value)}${after}`);
  expect(clean).toContain('[redacted]');
  expect(clean.toLowerCase()).not.toContain(core);
  const line = JSON.stringify({ msg: `${before}${value}${after}` });
  expect(JSON.parse(redact(line))).toHaveProperty('msg');
  for (const made of [cleanText(other), slug(other)]) {
    expect(made).not.toMatch(/\p{C}/u);
    expect(Buffer.byteLength(made)).toBeLessThanOrEqual(maxAttributeBytes);
  }
});
