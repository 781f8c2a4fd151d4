import { expect, test } from 'vitest';
import { LogLines } from '../../src/telemetry/log-lines.ts';

/** A file with room for some bytes more, which fails with a code when it is full. */
class SmallFile {
  text = '';
  room = Number.POSITIVE_INFINITY;
  code = 'ENOSPC';
  waitedMs = 0;
  onPause: () => void = () => undefined;

  write(bytes: Uint8Array): number {
    if (this.room === 0) throw Object.assign(new Error('full'), { code: this.code });
    const taken = bytes.subarray(0, this.room);
    this.text += Buffer.from(taken).toString();
    this.room -= taken.length;
    return taken.length;
  }

  pause(ms: number): void {
    this.waitedMs += ms;
    this.onPause();
  }
}

const lines = ({ text }: SmallFile): string[] => text.split('\n').slice(0, -1);

test('lines that a full disk does not take are lost, and how many is said when it takes lines again', () => {
  const file = new SmallFile();
  const log = new LogLines(file);
  log.write('first\n');
  file.room = 0;
  log.write('second\n');
  log.write('third\n');
  expect(lines(file)).toEqual(['first']);
  file.room = Number.POSITIVE_INFINITY;
  log.write('fourth\n');
  log.write('fifth\n');
  const [, told = '', ...rest] = lines(file);
  expect(JSON.parse(told)).toMatchObject({ level: 'warn', lines: 2, msg: 'lines of the log could not be written' });
  expect(rest).toEqual(['fourth', 'fifth']);
  expect(file.waitedMs).toBe(0);
});

test('a line that was begun is ended before any other, also the one that says what was lost', () => {
  const file = new SmallFile();
  const log = new LogLines(file);
  file.room = 3;
  log.write('first\n');
  log.write('second\n');
  expect(file.text).toBe('fir');
  file.room = 10;
  log.write('third\n');
  file.room = Number.POSITIVE_INFINITY;
  log.write('fourth\n');
  const [first, one = '', two = '', last] = lines(file);
  expect([first, last]).toEqual(['first', 'fourth']);
  expect([one, two].map((line) => (JSON.parse(line) as { lines: number }).lines)).toEqual([1, 1]);
});

test('a reader who is behind is waited for, once; one who reads no more is not', () => {
  const file = new SmallFile();
  file.code = 'EAGAIN';
  const log = new LogLines(file);
  file.room = 0;
  file.onPause = () => (file.room = file.waitedMs >= 50 ? 100 : 0);
  log.write('late\n');
  expect(lines(file)).toEqual(['late']);
  file.onPause = () => undefined;
  file.room = 0;
  log.write('lost\n');
  const waitedMs = file.waitedMs;
  expect(waitedMs).toBeLessThan(1_000);
  for (let count = 0; count < 1_000; count++) log.write('lost, too\n');
  expect(file.waitedMs).toBe(waitedMs);
});
