import { expect, test } from 'vitest';
import { inSlices } from '../../src/model/slices.ts';

function* counting(steps: number, seen: string[]): Generator<number, string> {
  for (let step = 0; step < steps; step++) {
    seen.push(`step ${step}`);
    yield step;
  }
  return 'end';
}

test('everything else has its turn between slices', async () => {
  const seen: string[] = [];
  setImmediate(() => seen.push('other'));
  // A slice without any time is one step.
  expect(await inSlices(counting(3, seen), 0)).toBe('end');
  expect(seen).toEqual(['step 0', 'other', 'step 1', 'step 2']);
});

test('of two walks each has a turn of its own', async () => {
  const seen: string[] = [];
  let turns = 0;
  const turn = (): void => {
    seen.push('other');
    if (++turns < 4) setImmediate(turn);
  };
  setImmediate(turn);
  await Promise.all([inSlices(counting(3, seen), 0), inSlices(counting(3, seen), 0)]);
  expect(seen.join(' ')).not.toMatch(/step [12] step/);
});

test('work that fits into one slice is done at once', () => {
  const seen: string[] = [];
  void inSlices(counting(3, seen), 60_000);
  expect(seen).toEqual(['step 0', 'step 1', 'step 2']);
});

test('what a step throws comes out', async () => {
  const broken = (function* () {
    yield 1;
    throw new RangeError('broken');
  })();
  await expect(inSlices(broken, 0)).rejects.toThrow('broken');
});
