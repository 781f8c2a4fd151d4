import { afterEach, expect, test } from 'vitest';
import { LiveOrganization } from '../../../src/demo/anthropic/live.ts';
import { truth } from '../../../src/demo/anthropic/truth.ts';
import { type Upstreams, startUpstreams } from '../../../src/demo/upstreams.ts';
import { World } from '../../../src/demo/world.ts';
import { TestClock } from '../../support/simulated.ts';
import { type Fields, at } from './reader.ts';

const started: Upstreams[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((upstreams) => upstreams.stop()));
});

interface Asking {
  readonly clock: TestClock;
  readonly world: World;
  readonly get: (path: string, key?: string) => Promise<{ readonly status: number; readonly body: Fields }>;
}

async function start(now: string): Promise<Asking> {
  const clock = new TestClock(new Date(now));
  const world = new World({ seed: 1, clock, speed: 200 });
  const upstreams = await startUpstreams(world, new LiveOrganization({ seed: 1, clock }));
  started.push(upstreams);
  const { ANTHROPIC_ADMIN_BASE_URL: url = '', ANTHROPIC_ADMIN_API_KEY: key = '' } = upstreams.settings;
  return {
    clock,
    world,
    async get(path, own = key) {
      const response = await fetch(`${url}/v1/organizations/${path}`, { headers: { 'x-api-key': own, 'anthropic-version': '2023-06-01' } });
      return { status: response.status, body: (await response.json()) as Fields };
    },
  };
}

const days = 'usage_report/messages?starting_at=2026-11-01T00:00:00Z&ending_at=2026-11-22T00:00:00Z&limit=31';

function outputs(body: Fields): number[] {
  return (body['data'] as Fields[]).map((bucket) => (bucket['results'] as Fields[]).reduce((sum, row) => sum + Number(at(row, 'output_tokens')), 0));
}

test('the organization of the demo has a past, and is used a little more with every push', async () => {
  const { clock, get } = await start('2026-11-21T12:00:00Z');
  const seen = [outputs((await get(days)).body)];
  for (let push = 0; push < 5; push += 1) {
    clock.advance(4_000);
    seen.push(outputs((await get(days)).body));
  }
  expect(seen[0]).toHaveLength(21);
  for (const day of seen[0] ?? []) expect(day).toBeGreaterThan(0);
  const today = seen.map((values) => values.at(-1) ?? 0);
  today.slice(1).forEach((tokens, push) => expect(tokens).toBeGreaterThan(today[push] ?? Number.POSITIVE_INFINITY));
});

test('the same seed and clock give the same organization, however often it is looked at', () => {
  const lived = (looks: number): unknown => {
    const clock = new TestClock(new Date('2026-11-21T12:00:00Z'));
    const live = new LiveOrganization({ seed: 4, clock });
    for (let look = 0; look < looks; look += 1) {
      clock.advance(60_000 / looks);
      live.play();
    }
    return truth(live.organization, 'anthropic-cost');
  };
  expect(lived(1)).toEqual(lived(30));
});

test('its Admin API refuses another key, and fails when the world says so', async () => {
  const { world, get } = await start('2026-11-21T12:00:00Z');
  expect((await get('me', 'sk-ant-admin01-other')).status).toBe(401);
  world.setFault('anthropic', 'rate_limited');
  expect((await get('me')).status).toBe(429);
  world.setFault('anthropic', undefined);
  expect((await get('me')).status).toBe(200);
});
