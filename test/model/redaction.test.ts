import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { redact, rememberCredential, rememberRenewed, rememberSecret } from '../../src/model/redaction.ts';
import { Secret } from '../../src/model/secret.ts';
import { cleanText, slug } from '../../src/model/text.ts';

test('a secret is found as it is, in other letters, and as JSON and URLs write it, one in the other too', () => {
  const secret = 'fake-"key"+/\\%&ü';
  rememberSecret(secret);
  const json = JSON.stringify({ secret });
  const forms = [
    secret,
    secret.toUpperCase(),
    json,
    JSON.stringify({ json }),
    JSON.stringify({ a: JSON.stringify({ json }) }),
    encodeURIComponent(secret),
    encodeURIComponent(secret).toLowerCase(),
    encodeURIComponent(json),
    encodeURIComponent(encodeURIComponent(secret)),
    `a=1&b=${encodeURIComponent(secret)}&c=2`,
  ];
  for (const form of forms) {
    expect(redact(`before ${form} after`), form).toMatch(/^before .*\[redacted\].* after$/);
    expect(redact(form).toLowerCase(), form).not.toContain('key');
  }
});

test('a secret is found within base64 and hex, wherever it stands in them, and these in JSON and URLs', () => {
  const secret = 'fake-"hidden"+/\\%&ü~~~???>>>';
  rememberSecret(secret);
  const base64 = [
    ...['', 'u', 'us', 'user:', 'sessionKey='].map((before) => Buffer.from(`${before}${secret}`).toString('base64')),
    Buffer.from(`${secret}; other=1`).toString('base64url'),
    Buffer.from(JSON.stringify({ cookie: secret })).toString('base64'),
    Buffer.from(`?key=${encodeURIComponent(secret)}`).toString('base64'),
    `QUJD${Buffer.from(secret).toString('base64')}`,
  ];
  const bytes = Buffer.from(secret).toString('hex');
  const hex = [bytes, bytes.toUpperCase(), `a${bytes}`, bytes.replace(/../g, '$& '), bytes.replace(/../g, ':$&'), bytes.replace(/../g, '\\x$&')];
  for (const form of [...base64, ...hex]) {
    for (const text of [form, encodeURIComponent(form), JSON.stringify({ form }), encodeURIComponent(JSON.stringify(form))]) {
      const clean = redact(`before, ${text} now`);
      expect(clean, text).toMatch(/^before, .*\[redacted\].* now$/);
      expect(clean.length, text).toBeLessThan(60);
    }
    const line = JSON.stringify({ msg: `got\n${form}\n` });
    expect(JSON.parse(redact(line)), line).toEqual({ msg: expect.stringMatching(/^(got\n)?[:\\x]*\[redacted\]\s*$/) as string });
  }
});

test('what looks like base64 or hex and says nothing is left alone', () => {
  rememberSecret('fake-hidden-secret');
  for (const text of ['claude-sonnet-4-5-20250929', '550e8400-e29b-41d4-a716-446655440000', Buffer.from('nobody hides here').toString('base64'), 'ab '.repeat(20)]) {
    expect(redact(text)).toBe(text);
  }
});

test('what stands between the parts of a secret and cannot be printed does not hide it', () => {
  rememberSecret('Fake-Secret-In-Parts');
  expect(cleanText('Fake-\u200bSecret-\u0000In-Parts')).toBe('[redacted]');
  const [first = '', second = ''] = Buffer.from('Fake-Secret-In-Parts').toString('base64').match(/.{1,14}/g) ?? [];
  expect(cleanText(`${first}\r\n${second}`)).toBe('[redacted]');
});

test('a line of JSON stays one', () => {
  rememberSecret('fake"quoted"secret');
  const line = JSON.stringify({ level: 'info', msg: 'got fake"quoted"secret back' });
  expect(JSON.parse(redact(line))).toEqual({ level: 'info', msg: 'got [redacted] back' });
});

test.each(['"fake-quoted-first', 'fake-last-backslash\\', '\\fake-first-backslash', 'fake\\\\two\\"mixed'])('a line of JSON stays one: %s', (secret) => {
  rememberSecret(secret);
  for (const text of [secret, `\\${secret}`, `${secret}\\"`, `"${secret}"`, `\n${secret}\n`]) {
    const line = JSON.stringify({ level: 'info', msg: text });
    const { msg } = JSON.parse(redact(line)) as { msg: string };
    expect(msg).toContain('[redacted]');
    expect(msg).not.toMatch(/fake|first|last|two|mixed/);
  }
});

test.each<[string, string, string]>([
  ['backslashes', `${'\\'.repeat(30)}fake-secret`, '\\'.repeat(2_000)],
  ['nothing but backslashes', '\\'.repeat(30), '/\\'.repeat(2_000)],
  ['escaped backslashes', `fake${'%5c'.repeat(30)}secret`, `fake${'%5c'.repeat(2_000)}`],
  ['escaped percent signs', `fake${'%25'.repeat(30)}secret`, `fake${'%25'.repeat(2_000)}`],
  ['one letter', `b${'a'.repeat(2_000)}`, 'a'.repeat(20_000)],
  ['one letter, in base64', `b${'a'.repeat(2_000)}`, Buffer.from('a'.repeat(20_000)).toString('base64')],
  ['escaped percent signs, in base64', `fake${'%25'.repeat(30)}secret`, Buffer.from(`fake${'%25'.repeat(8_000)}`).toString('base64')],
  ['digits, in hex with spaces', `b${'7'.repeat(2_000)}`, '37 '.repeat(10_000)],
])('a secret of %s is looked for in text of the same within twice a tenth of a second', (_what, secret, text) => {
  rememberSecret(secret);
  const startedMs = performance.now();
  expect(redact(text)).toBe(text);
  expect(performance.now() - startedMs).toBeLessThan(200);
});

test('text without a secret is left alone, and what is too short to be one is not looked for', () => {
  rememberSecret('default');
  rememberSecret('');
  expect(redact('account default is read')).toBe('account default is read');
});

test('of a credential each part is found that an echo may show alone', () => {
  rememberCredential('sessionKey=fake-part-one; cf_clearance=fake-part-two');
  rememberCredential('authorization=Bearer fake-part-three,x-key=fake-part-four');
  for (const part of ['one', 'two', 'three', 'four']) expect(redact(`<fake-part-${part}>`)).toBe('<[redacted]>');
  rememberCredential(`authorization=Basic ${Buffer.from('12345:fake-part-five').toString('base64')}`);
  const clean = redact(`the token fake-part-five is unknown, Basic ${Buffer.from('12345:fake-part-five').toString('base64')} too`);
  expect(clean).toBe('the token [redacted] is unknown, [redacted] too');
  expect(redact('sessionKey Bearer authorization')).toBe('sessionKey Bearer authorization');
});

test('of what is renewed the latest two hundred are looked for, and what is used again counts as new; what is not stays', () => {
  rememberSecret('fake-of-the-settings');
  rememberRenewed('fake-in-use');
  rememberRenewed('fake-first');
  rememberRenewed('fake-second');
  for (let number = 0; number < 197; number++) rememberRenewed(`fake-number-${number}-`);
  expect(redact('fake-in-use fake-first')).toBe('[redacted] [redacted]');
  rememberRenewed('fake-in-use');
  rememberRenewed('fake-last');
  expect(redact('fake-in-use fake-first fake-second fake-last')).toBe('[redacted] fake-first [redacted] [redacted]');
  expect(redact('fake-of-the-settings')).toBe('[redacted]');
});

test('a secret does not survive being cut or made a name', () => {
  rememberSecret('Fake-Secret-That-Is-Cut');
  expect(cleanText(`${'x'.repeat(120)}Fake-Secret-That-Is-Cut`)).toBe(`${'x'.repeat(120)}[redacte`);
  expect(slug('model Fake-Secret-That-Is-Cut')).toBe('model_redacted_');
});

test('of text without end as much is looked at as a name may have, and no part of a secret is left where it is cut', () => {
  rememberSecret('Fake-Secret-At-The-End');
  expect(cleanText('模'.repeat(4_000_000))).toBe('模'.repeat(42));
  for (let before = 32 * 1024 - 30; before <= 32 * 1024; before++) {
    expect(cleanText(`${'\u0000'.repeat(before)}Fake-Secret-At-The-End and more`)).not.toMatch(/fake/i);
  }
});

test('a secret prints as [redacted] wherever it is printed, and is known from its first moment', () => {
  const secret = Secret.of('fake-printed-secret');
  expect([String(secret), JSON.stringify({ secret }), inspect({ secret })]).toEqual([
    '[redacted]',
    '{"secret":"[redacted]"}',
    '{ secret: [redacted] }',
  ]);
  expect(redact('fake-printed-secret')).toBe('[redacted]');
  expect(secret.reveal()).toBe('fake-printed-secret');
});
