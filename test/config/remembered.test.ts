import { afterAll, expect, test } from 'vitest';
import { redact, rememberRenewed } from '../../src/model/redaction.ts';
import { file, load, removeFiles } from './load.ts';

afterAll(removeFiles);

test('a secret of the settings is known for as long as the process runs, however many cookies are renewed', () => {
  load({
    ANTHROPIC_ADMIN_API_KEY: 'fake-admin-key',
    OPENROUTER_API_KEY: 'fake-openrouter-key',
    OTEL_EXPORTER_OTLP_HEADERS: 'x-key=fake%20otlp%20key',
    HTTPS_PROXY: 'http://user:fake-proxy-password@proxy.invalid:3128',
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'https://backend.invalid/v1/metrics?key=fake+Key/of+metrics==',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://backend.invalid/v1/traces?fakeBareToken12',
  });
  for (let renewal = 0; renewal < 300; renewal++) rememberRenewed(`fake-cookie-${renewal}`);
  const said = redact('fake-admin-key fake-openrouter-key fake otlp key fake-proxy-password ?key=fake+Key/of+metrics== key=fake Key/of metrics== ?fakeBareToken12');
  expect(said).toBe('[redacted] [redacted] [redacted] [redacted] ?key=[redacted] key=[redacted] ?[redacted]');
});

test('one of a file is known while it is in use', () => {
  const { openRouter } = load({ OPENROUTER_API_KEY_FILE: file('key', 'fake-key-of-a-file\n') });
  for (let renewal = 0; renewal < 300; renewal++) rememberRenewed(`fake-cookie-${renewal}`);
  expect(openRouter?.apiKey.reveal()).toBe('fake-key-of-a-file');
  expect(redact('fake-key-of-a-file')).toBe('[redacted]');
});
