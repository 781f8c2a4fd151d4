import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { ReceivedRequest } from '../../src/demo/otlp-messages.ts';
import { openTotalsState } from '../../src/state/totals-state.ts';
import { MemoryDisk, systemError } from '../state/memory-disk.ts';
import { type ManualClock, type TestAgent, agentOf, pointsOf } from '../support/agent.ts';
import { cleanup } from '../support/cleanup.ts';
import { type OrganizationRun, type OrganizationWorld, startOrganizationRun } from '../support/organization.ts';

const after = cleanup();
const minuteMs = 60_000;
const delta = { OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta' };

let clock: ManualClock;
let world: OrganizationWorld;
let pushes: (readonly ReceivedRequest[])[];
let settings: Readonly<Record<string, string>>;
let last: OrganizationRun['last'];

beforeEach(async () => {
  ({ clock, world, pushes, settings, last } = await startOrganizationRun(after));
});

/** Tokens in the last push, by key. */
function tokens(): Readonly<Record<string, number>> {
  return Object.fromEntries(last('claude.tokens').map(({ attributes, value }) => [attributes['api_key_id'] ?? '', value]));
}

const justNow = (): number => clock.now().getTime() - 1;

function use(apiKeyId: string, output: number): void {
  world.organization.use({ atMs: justNow(), apiKeyId, output });
}

/** Another cycle, in which the usage is due. */
async function cycle(of: TestAgent): Promise<void> {
  clock.advance(minuteMs);
  await of.push();
}

test('totals go on while the disk fails, growth waits for it; both are said once, and when it is over', async () => {
  for (const [temporality, whileFailing] of [['cumulative', { apikey_1: 105 }], ['delta', {}]] as const) {
    pushes.length = 0;
    world.organization.use({ atMs: justNow(), apiKeyId: 'apikey_1', output: temporality === 'delta' ? -5 : 100 });
    const disk = new MemoryDisk();
    const state = await openTotalsState('/state', 'default', disk);
    const running = agentOf({ ...settings, OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: temporality }, { clock, state });
    after(() => running.close());
    await running.start();
    disk.before = (call) => {
      if (call === 'write') throw systemError('ENOSPC');
    };
    use('apikey_1', 5);
    await cycle(running);
    expect(tokens()).toEqual(whileFailing);
    use('apikey_1', 1);
    await cycle(running);
    const said = (): unknown[] => running.log.filter(({ msg }) => String(msg).includes('STATE_DIR')).map(({ msg }) => msg);
    expect(said().filter((text) => String(text).includes('ENOSPC'))).toHaveLength(1);
    disk.before = () => undefined;
    await cycle(running);
    expect(tokens()).toEqual(temporality === 'delta' ? { apikey_1: 5 } : { apikey_1: 106 });
    expect(said().at(-1)).toBe('what was exported is kept in STATE_DIR');
    use('apikey_1', -6);
  }
});

test.each(['sync', 'write', 'rename'] as const)('totals go on while the disk gives no answer to a %s, growth waits for it; what is there afterwards is right', async (hanging) => {
  const disk = new MemoryDisk();
  const opened = await openTotalsState('/state', 'default', disk);
  const impatient = { ...settings, ...delta, OTEL_METRICS_EXPORTER: 'otlp,prometheus', OTEL_METRIC_EXPORT_TIMEOUT: '2000' };
  use('apikey_1', 100);
  const running = agentOf(impatient, { clock, state: opened });
  await running.start();
  let answers = (): void => undefined;
  const answer = new Promise<void>((resolve) => (answers = resolve));
  disk.before = (call) => (call === hanging ? answer : undefined);
  use('apikey_1', 5);
  await cycle(running);
  expect(tokens()).toEqual({});
  expect(last('claude.tokens.current')).toMatchObject([{ value: 105 }]);
  use('apikey_1', 1);
  await cycle(running);
  expect(last('claude.tokens.current')).toMatchObject([{ value: 106 }]);
  const said = running.log.filter(({ msg }) => String(msg).includes('the disk does not answer'));
  expect(said).toHaveLength(1);
  disk.before = () => undefined;
  answers();
  await cycle(running);
  expect(tokens()).toEqual({ apikey_1: 5 });
  await cycle(running);
  expect(tokens()).toEqual({ apikey_1: 1 });
  expect(running.log.at(-1)).toMatchObject({ msg: 'what was exported is kept in STATE_DIR' });
  await running.close();
  use('apikey_1', 2);
  const next = agentOf(impatient, { clock, state: await openTotalsState('/state', 'default', disk) });
  after(() => next.close());
  await next.start();
  expect(tokens()).toEqual({ apikey_1: 2 });
});

test('what is written while the disk hangs is of one moment, or not at all', async () => {
  const keys = Array.from({ length: 2_000 }, (_, index) => `apikey_${index}`);
  const useAll = (): void => keys.forEach((key) => use(key, 1));
  const disk = new MemoryDisk();
  const patient = { ...settings, ...delta, OTEL_METRIC_EXPORT_TIMEOUT: '4000' };
  useAll();
  const running = agentOf(patient, { clock, state: await openTotalsState('/state', 'default', disk) });
  after(() => running.close());
  await running.start();
  useAll();
  const stuck = Promise.withResolvers<undefined>();
  const answer = Promise.withResolvers<undefined>();
  const over = Promise.withResolvers<MemoryDisk>();
  // The growth is on the disk before it is sent; the writing that hangs is that of its arrival.
  let isKept = false;
  let isStuck = false;
  disk.before = (call) => {
    isKept ||= call === 'rename';
    if (isStuck && (call === 'remove' || call === 'open')) over.resolve(disk.afterPowerCut());
    if (call !== 'write' || !isKept) return undefined;
    isStuck = true;
    stuck.resolve(undefined);
    return answer.promise;
  };
  await cycle(running);
  await stuck.promise;
  useAll();
  await cycle(running);
  expect(tokens()).toEqual({});
  answer.resolve(undefined);
  const left = await over.promise;
  // Which a process that is gone no longer holds.
  left.files.delete(join('/state', 'lock'));
  const next = agentOf(patient, { clock, state: await openTotalsState('/state', 'default', left) });
  after(() => next.close());
  pushes.length = 0;
  await next.start();
  await cycle(next);
  // What had arrived goes again, as nothing tells that it had; and what came after it.
  const received = pushes.flatMap((push) => pointsOf(push)).filter(({ metric }) => metric === 'claude.tokens');
  expect(received.reduce((sum, { value }) => sum + value, 0)).toBe(2 * keys.length);
});
