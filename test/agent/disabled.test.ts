import { afterEach, beforeEach, expect, test } from 'vitest';
import { type World, startWorld } from '../support/agent.ts';
import { logLines, runCli } from '../support/cli.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.stop());

test('with OTEL_SDK_DISABLED nothing is read, nothing is pushed, and that is said', async () => {
  let asked = false;
  world.claude = () => {
    asked = true;
  };
  const result = await runCli(['once'], { ...world.settings, OTEL_SDK_DISABLED: 'true' });
  expect(result.code).toBe(0);
  expect(asked).toBe(false);
  expect(world.pushes).toEqual([]);
  expect(logLines(result)).toMatchObject([{ level: 'warn', msg: expect.stringContaining('OTEL_SDK_DISABLED') as string }]);
});
