import { expect, test } from 'vitest';
import { proxiesOf, proxyFor } from '../../src/config/proxies.ts';
import { redact } from '../../src/model/redaction.ts';
import { load } from './load.ts';

function proxyOf(address: string, variables: Readonly<Record<string, string>>): string | undefined {
  const problems: string[] = [];
  const proxy = proxyFor(new URL(address), proxiesOf(variables, problems));
  expect(problems).toEqual([]);
  return proxy?.host;
}

/** On the way of metrics or traces over gRPC. */
function proxiesOfGrpc(address: string, variables: Readonly<Record<string, string>>): (string | undefined)[] {
  const { export: metrics, traces } = load({ OPENROUTER_API_KEY: 'sk-or-v1-fake', OTEL_EXPORTER_OTLP_ENDPOINT: address, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', ...variables });
  return [metrics.otlp, traces?.otlp].map((target) => target?.proxy?.host);
}

test.each([
  ['https://claude.ai', { HTTPS_PROXY: 'http://one:3128' }, 'one:3128'],
  ['https://claude.ai', { https_proxy: 'http://one:3128' }, 'one:3128'],
  ['https://claude.ai', { https_proxy: 'http://lower:1', HTTPS_PROXY: 'http://upper:1' }, 'lower:1'],
  ['https://claude.ai', { HTTPS_PROXY: 'one:3128' }, 'one:3128'],
  ['https://claude.ai', { HTTPS_PROXY: 'http://user:password@one:3128' }, 'one:3128'],
  // Nothing goes over http but to loopback, and gRPC has its own.
  ['https://claude.ai', { HTTP_PROXY: 'http://one:3128', GRPC_PROXY: 'http://two:1' }, undefined],
  ['https://claude.ai', {}, undefined],
  ['https://localhost:8443', { HTTPS_PROXY: 'http://one:3128' }, undefined],
  ['https://127.0.0.1', { HTTPS_PROXY: 'http://one:3128' }, undefined],
  ['https://127.9.9.9', { HTTPS_PROXY: 'http://one:3128' }, undefined],
  ['https://[::1]:8443', { HTTPS_PROXY: 'http://one:3128' }, undefined],
  ['http://127.0.0.1:8080', { HTTP_PROXY: 'http://one:3128', HTTPS_PROXY: 'http://one:3128' }, undefined],
] as const)('%s with %j goes through %s', (address, variables, expected) => {
  expect(proxyOf(address, variables)).toBe(expected);
});

test.each([
  ['*', 'https://claude.ai', true],
  ['claude.ai', 'https://claude.ai', true],
  ['CLAUDE.AI', 'https://claude.ai', true],
  ['claude.ai', 'https://api.claude.ai', true],
  ['.claude.ai', 'https://api.claude.ai', true],
  ['*.claude.ai', 'https://api.claude.ai', true],
  ['claude.ai', 'https://notclaude.ai', false],
  ['claude.ai:443', 'https://claude.ai', true],
  ['claude.ai:8443', 'https://claude.ai', false],
  ['claude.ai:8443', 'https://claude.ai:8443', true],
  ['other.example, claude.ai', 'https://claude.ai', true],
  ['other.example claude.ai', 'https://claude.ai', true],
  ['10.1.2.3', 'https://10.1.2.3', true],
  ['10.0.0.0/8', 'https://10.1.2.3:4318', true],
  ['10.0.0.0/8', 'https://11.1.2.3', false],
  ['10.0.0.0/99', 'https://10.1.2.3', false],
  ['10.0.0.0/8', 'https://name.example', false],
  ['fd00::/8', 'https://[fd12::1]', true],
  ['fd12::1', 'https://[fd12::1]', true],
  ['[fd12::1]:8443', 'https://[fd12::1]:8443', true],
  ['2.3', 'https://10.1.2.3', false],
  ['.', 'https://claude.ai', false],
] as const)('NO_PROXY=%s exempts %s: %s', (list, address, isExempt) => {
  const expected = isExempt ? undefined : 'one:3128';
  expect(proxyOf(address, { HTTPS_PROXY: 'http://one:3128', NO_PROXY: list })).toBe(expected);
  expect(proxyOf(address, { https_proxy: 'http://one:3128', no_proxy: list, NO_PROXY: 'nothing' })).toBe(expected);
  expect(proxiesOfGrpc(address, { HTTPS_PROXY: 'http://one:3128', NO_PROXY: list })).toEqual([expected, expected]);
});

test.each([
  ['http://collector.example:4317', { GRPC_PROXY: 'http://one:1', HTTPS_PROXY: 'http://two:2', HTTP_PROXY: 'http://three:3' }, 'one:1'],
  ['http://collector.example:4317', { HTTPS_PROXY: 'http://two:2', HTTP_PROXY: 'http://three:3' }, 'two:2'],
  ['https://collector.example:4317', { HTTP_PROXY: 'http://three:3' }, 'three:3'],
  ['https://collector.example:4317', { GRPC_PROXY: 'http://one:1', NO_PROXY: 'collector.example' }, undefined],
  ['https://collector.example:4317', { GRPC_PROXY: 'http://one:1', NO_GRPC_PROXY: 'collector.example' }, undefined],
  ['https://collector.example:4317', { GRPC_PROXY: 'http://one:1', NO_GRPC_PROXY: 'other.example', NO_PROXY: 'collector.example' }, 'one:1'],
  ['https://Collector.Example:4317', { HTTPS_PROXY: 'http://one:1', NO_PROXY: 'localhost, COLLECTOR.example:4317' }, undefined],
  ['https://collector.example:4317', { HTTPS_PROXY: 'http://one:1', NO_PROXY: 'localhost,' }, 'one:1'],
  ['http://collector.example', { HTTP_PROXY: 'http://one:1', NO_PROXY: 'collector.example:443' }, 'one:1'],
  ['http://collector.example', { HTTP_PROXY: 'http://one:1', NO_PROXY: 'collector.example:80' }, undefined],
  ['http://localhost:4317', { GRPC_PROXY: 'http://one:1' }, undefined],
  ['https://127.9.9.9:4317', { GRPC_PROXY: 'http://one:1' }, undefined],
  ['http://[::1]:4317', { GRPC_PROXY: 'http://one:1' }, undefined],
  ['https://collector.example:4317', {}, undefined],
] as const)('over gRPC %s with %j goes through %s', (address, variables, expected) => {
  expect(proxiesOfGrpc(address, variables)).toEqual([expected, expected]);
});

test.each(['socks5://one:1080', 'https://one:443', 'http://', 'http://user%:password@one:3128', ':::'])('HTTPS_PROXY=%s is refused, and not quoted', (address) => {
  const problems: string[] = [];
  proxiesOf({ HTTPS_PROXY: address }, problems);
  expect(problems).toEqual(['HTTPS_PROXY must be the address of an HTTP proxy, such as http://host:3128']);
});

test('the password is a secret from then on', () => {
  proxiesOf({ GRPC_PROXY: 'http://user:fake%20secret@one:3128', NO_PROXY: 'a', no_proxy: '', PATH: '/bin' }, []);
  expect(redact('it said fake secret, and fake%20secret')).not.toMatch(/fake.{1,3}secret/);
});

test('a user without a password is a secret, as a token may be', () => {
  proxyOf('https://claude.ai', { HTTPS_PROXY: 'http://fake%2Dtoken%2Dalone@one:3128' });
  for (const text of ['fake-token-alone', 'fake%2Dtoken%2Dalone', `Basic ${Buffer.from('fake-token-alone:').toString('base64')}`]) {
    expect(redact(text)).not.toMatch(/fake|token|alone|[a-z0-9]{12}/i);
  }
});
