import { expect, test } from 'vitest';
import { Cycles } from '../../src/server/cycles.ts';
import { type SourceState, healthRoutes } from '../../src/server/health.ts';
import { startServer } from '../../src/server/server.ts';
import { ManualClock } from '../support/agent.ts';
import { type HttpAnswer, ask } from '../support/ask.ts';
import { cleanup } from '../support/cleanup.ts';
import { resourceMetrics } from '../support/families.ts';

const after = cleanup();
const startedAt = new Date('2026-11-25T10:00:00Z');
const metrics = resourceMetrics([]);

interface Started {
  readonly cycles: Cycles;
  readonly clock: ManualClock;
  readonly ask: (path: '/healthz' | '/readyz') => Promise<HttpAnswer>;
}

async function start({ pushes = true, sources = [] as SourceState[] } = {}): Promise<Started> {
  const clock = new ManualClock(startedAt);
  const cycles = new Cycles({ clock, intervalMs: 60_000, timeoutMs: 30_000, readDeadlineMs: 20_000, pushes });
  const routes = healthRoutes({ cycles, sources, clock });
  const server = await startServer({ host: '127.0.0.1', port: 0, loopback: true, routes, onError: () => undefined });
  after(() => server.stop());
  return { cycles, clock, ask: (path) => ask(server.url + path) };
}

const statusOf = ({ status, body }: HttpAnswer): unknown => [status, (JSON.parse(body) as { status: string }).status];

test('the loop is alive from its start, as long as cycles come, whether they are delivered or not', async () => {
  const { cycles, clock, ask } = await start();
  // Three intervals, a delivery and a read may take their time.
  clock.advance(230_000);
  expect(statusOf(await ask('/healthz'))).toEqual([200, 'alive']);
  clock.advance(1);
  expect(statusOf(await ask('/healthz'))).toEqual([503, 'stuck']);
  cycles.collected(metrics, 0);
  cycles.delivered(false);
  expect(statusOf(await ask('/healthz'))).toEqual([200, 'alive']);
  clock.advance(200_000);
  cycles.collected(undefined, 0);
  clock.advance(200_000);
  expect(statusOf(await ask('/healthz'))).toEqual([200, 'alive']);
  clock.advance(30_001);
  expect(statusOf(await ask('/healthz'))).toEqual([503, 'stuck']);
});

test('while the machine is suspended no cycle is missed: what was alive is, and has nothing to show yet', async () => {
  const { cycles, clock, ask } = await start();
  cycles.collected(metrics, 0);
  cycles.delivered(true);
  clock.suspend(8 * 3_600_000);
  expect(statusOf(await ask('/healthz'))).toEqual([200, 'alive']);
  expect(statusOf(await ask('/readyz'))).toEqual([503, 'stuck']);
  cycles.collected(metrics, 0);
  expect(statusOf(await ask('/readyz'))).toEqual([200, 'ready']);
});

test('it is ready when a cycle is there and the last delivery was acknowledged', async () => {
  const { cycles, clock, ask } = await start();
  expect(statusOf(await ask('/readyz'))).toEqual([503, 'starting']);
  cycles.collected(metrics, 0);
  expect(statusOf(await ask('/readyz'))).toEqual([503, 'starting']);
  cycles.delivered(true);
  expect(statusOf(await ask('/readyz'))).toEqual([200, 'ready']);
  // The next one is under way.
  cycles.collected(metrics, 0);
  expect(statusOf(await ask('/readyz'))).toEqual([200, 'ready']);
  cycles.delivered(false);
  expect(statusOf(await ask('/readyz'))).toEqual([503, 'not delivered']);
  cycles.delivered(true);
  clock.advance(180_001);
  expect(statusOf(await ask('/readyz'))).toEqual([503, 'stuck']);
});

test('readiness says until when a backend is left alone, as it asked', async () => {
  const { cycles, ask } = await start();
  cycles.collected(metrics, 0);
  cycles.delivered(false, new Date('2026-11-25T11:00:00Z'));
  const held = await ask('/readyz');
  expect(statusOf(held)).toEqual([503, 'not delivered']);
  expect(JSON.parse(held.body)).toMatchObject({ cycle: { acknowledged: false, heldUntil: '2026-11-25T11:00:00.000Z' } });
  cycles.delivered(true);
  expect(JSON.parse((await ask('/readyz')).body)).toMatchObject({ status: 'ready', cycle: { heldUntil: null } });
});

test('where nothing is pushed a cycle is enough', async () => {
  const { cycles, ask } = await start({ pushes: false });
  expect(statusOf(await ask('/readyz'))).toEqual([503, 'starting']);
  cycles.collected(metrics, 0);
  expect(statusOf(await ask('/readyz'))).toEqual([200, 'ready']);
});

test('both tell how each source is', async () => {
  const sources: SourceState[] = [
    { source: { id: 'claude-ai', account: 'a"\n🙂' }, last: { outcome: 'success' }, lastSuccessAt: startedAt },
    { source: { id: 'openrouter', account: 'default' }, last: { outcome: 'credential_expired' }, lastSuccessAt: undefined },
    { source: { id: 'anthropic-usage', account: 'default' }, last: undefined, lastSuccessAt: undefined },
  ];
  const { cycles, clock, ask } = await start({ sources });
  cycles.collected(metrics, 0);
  cycles.delivered(true);
  clock.advance(61_600);
  const told = {
    cycle: { at: '2026-11-25T10:00:00.000Z', ageSeconds: 62, acknowledged: true, heldUntil: null },
    sources: [
      { id: 'claude-ai', account: 'a"\n🙂', up: true, reason: null, lastSuccess: '2026-11-25T10:00:00.000Z', ageSeconds: 62 },
      { id: 'openrouter', account: 'default', up: false, reason: 'credential_expired', lastSuccess: null, ageSeconds: null },
      { id: 'anthropic-usage', account: 'default', up: null, reason: null, lastSuccess: null, ageSeconds: null },
    ],
  };
  expect(JSON.parse((await ask('/healthz')).body)).toEqual({ status: 'alive', ...told });
  expect(JSON.parse((await ask('/readyz')).body)).toEqual({ status: 'ready', ...told });
});
