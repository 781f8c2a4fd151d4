import { beforeAll, describe, expect, test } from 'vitest';
import { startCookiejar } from '../../src/demo/cookiejar.ts';
import type { ReceivedPoint } from '../../src/demo/otlp-messages.ts';
import { catalogue } from '../../src/metrics/catalogue.ts';
import { systemClock } from '../../src/model/clock.ts';
import { agentOf, pointsOf, startWorld } from '../support/agent.ts';
import { startOrganization } from '../support/organization.ts';
import { keepTraces } from '../support/spans.ts';
import { codeRecord, slowReports } from '../support/slow-reports.ts';

const inDays = (days: number): Date => new Date(Date.now() + days * 86_400_000);

/** An answer of claude.ai that has something for each metric. */
const everything = (): object => ({
  limits: [{ kind: 'session', percent: 42, resets_at: inDays(0.1).toISOString(), is_active: true }],
  extra_usage: { is_enabled: true, monthly_limit: 5_000, used_credits: 1_250, utilization: 25, currency: 'EUR', decimal_places: 2 },
  copper_kite: { utilization: 10, limit_dollars: 50, used_dollars: 5, remaining_dollars: 45, resets_at: inDays(3).toISOString() },
});

const points: ReceivedPoint[] = [];
let scopes: readonly { name: string; version: string }[] = [];

beforeAll(async () => {
  const environment = { ...process.env };
  const world = await startWorld();
  const cookiejar = await startCookiejar(() => ({
    kind: 'cookies',
    text: `sessionKey=sk-ant-sid01-fake; Path=/; Expires=${inDays(20).toUTCString()}`,
  }));
  world.claude = { status: 200, body: everything() };
  const organization = await startOrganization(systemClock);
  const everyUse = { apiKeyId: 'apikey_1', workspaceId: 'wrkspc_1', output: 1, cacheWrite5m: 1, webSearches: 1, microCents: 1n };
  organization.organization.use({ atMs: Date.now(), ...everyUse });
  const byKey = { workspace: 'wrkspc_1', key: 'apikey_1', requests: 1, cents: '1' };
  const byCi = { ...codeRecord, actor: { type: 'api_actor', api_key_name: 'ci' } };
  organization.fault = slowReports(systemClock, { use: [byKey], code: [codeRecord, byCi] });
  // Empty is unset: the cookies come from the service, which knows their expiry.
  const agent = agentOf({ ...world.settings, ...organization.settings, CLAUDE_SESSION_KEY: '', COOKIEJAR_URL: `http://127.0.0.1:${cookiejar.port}` }, { traces: keepTraces().open });
  // The duration of a collection is known to the next one.
  await agent.push();
  await agent.nextPush();
  await agent.close();
  points.push(...world.pushes.flatMap(pointsOf));
  scopes = world.pushes.flat().map(({ scope }) => scope);
  cookiejar.stop();
  await organization.stop();
  await world.stop();
  for (const name of Object.keys(process.env)) if (!(name in environment)) Reflect.deleteProperty(process.env, name);
});

test('every metric that arrives is in the catalogue, and every metric of the catalogue arrives', () => {
  expect([...new Set(points.map(({ metric }) => metric))].sort()).toEqual(Object.keys(catalogue).sort());
});

const kinds = { gauge: 'gauge', counter: 'sum', 'up-down counter': 'sum', histogram: 'histogram' } as const;

describe.each(Object.entries(catalogue))('%s', (name, spec) => {
  const arrived = (): readonly ReceivedPoint[] => points.filter(({ metric }) => metric === name);

  test('arrives as the catalogue has it', () => {
    const temporality = spec.kind === 'gauge' ? {} : { temporality: 'cumulative' };
    for (const point of arrived()) {
      expect(point).toMatchObject({ kind: kinds[spec.kind], unit: spec.unit, description: spec.description, ...temporality });
      if (kinds[spec.kind] === 'sum') expect(point.monotonic).toBe(spec.kind === 'counter');
      if (spec.kind !== 'histogram') expect(point.valueType).toBe(spec.valueType);
    }
    expect(arrived().length).toBeGreaterThan(0);
  });

  test('has the attributes of the catalogue, and no others', () => {
    const keys = new Set(arrived().flatMap(({ attributes }) => Object.keys(attributes)));
    expect([...keys].sort()).toEqual([...spec.attributes].sort());
  });
});

test('all of it is of one scope, without a version: an upgrade starts no series anew', () => {
  expect(scopes.length).toBeGreaterThan(1);
  expect(new Set(scopes.map((scope) => JSON.stringify(scope)))).toEqual(new Set([JSON.stringify({ name: 'claude-usage-metrics', version: '' })]));
});
