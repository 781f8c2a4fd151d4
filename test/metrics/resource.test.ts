import { hostname } from 'node:os';
import { expect, test, vi } from 'vitest';
import { metricsResource } from '../../src/metrics/resource.ts';
import { version } from '../../src/version.ts';
import { cleanup } from '../support/cleanup.ts';

const after = cleanup();
const sources = ['claude-ai/default', 'openrouter/default'];

function attributesWith(environment: Readonly<Record<string, string>>, from: readonly string[] = sources): Record<string, unknown> {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  after(() => vi.unstubAllEnvs());
  return { ...metricsResource(from).attributes };
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('it is a name and an instance, and nothing of host, process or version', () => {
  const attributes = attributesWith({});
  expect(attributes).toEqual({ 'service.name': 'claude-usage-metrics', 'service.instance.id': expect.stringMatching(uuid) as string });
  const text = JSON.stringify(attributes);
  for (const own of [hostname(), String(process.pid), version]) expect(text).not.toContain(`"${own}"`);
});

test('the instance is the same in every run: this id is for good, another would start every series anew', () => {
  expect(attributesWith({})['service.instance.id']).toBe('328ec522-a2e9-5599-8ceb-1596a75ef9e5');
});

test('the instance depends on the sources, not on their order', () => {
  const instance = (from: readonly string[]): unknown => attributesWith({}, from)['service.instance.id'];
  expect(instance([...sources].reverse())).toBe(instance(sources));
  expect(instance(['claude-ai/default'])).not.toBe(instance(sources));
  expect(instance(['claude-ai/other', 'openrouter/default'])).not.toBe(instance(sources));
});

test('the service’s name is as set, and has an instance of its own', () => {
  const plain = attributesWith({})['service.instance.id'];
  const named = attributesWith({ OTEL_SERVICE_NAME: 'mine' });
  expect(named['service.name']).toBe('mine');
  expect(named['service.instance.id']).not.toBe(plain);
  vi.unstubAllEnvs();
  expect(attributesWith({ OTEL_RESOURCE_ATTRIBUTES: 'service.name=mine' })).toEqual(named);
});

test('what the user names is added, and an instance that the user sets wins', () => {
  const attributes = attributesWith({
    OTEL_RESOURCE_ATTRIBUTES: 'service.instance.id=my-instance,service.namespace=home,deployment.environment.name=a%20test,host.name=named',
  });
  expect(attributes).toEqual({
    'service.name': 'claude-usage-metrics',
    'service.instance.id': 'my-instance',
    'service.namespace': 'home',
    'deployment.environment.name': 'a test',
    'host.name': 'named',
  });
});

test('the service’s own variable wins over the resource attributes', () => {
  const attributes = attributesWith({ OTEL_SERVICE_NAME: 'own', OTEL_RESOURCE_ATTRIBUTES: 'service.name=general' });
  expect(attributes['service.name']).toBe('own');
});
