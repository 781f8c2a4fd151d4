import { PassThrough } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { Arrivals } from '../../src/commands/arrivals.ts';
import type { LogLine } from '../../src/commands/demo-agent.ts';
import { demoView } from '../../src/commands/demo-view.ts';

test('on a terminal the demo says where the agent’s status page is, as soon as the agent has said it', async () => {
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 100, rows: 40 });
  let drawn = '';
  stream.setEncoding('utf8').on('data', (text: string) => (drawn += text));
  const screen = { width: 100, height: 40, paint: (_: unknown, text: string) => text, stream: stream as unknown as WriteStream };
  const log: LogLine[] = [];
  const view = await demoView({ intervalMs: 2000, json: false, screen, write: () => undefined }, { arrivals: new Arrivals(), log });
  expect(stripVTControlCharacters(drawn)).toContain('Ctrl-C ends it');
  expect(drawn).not.toContain('In a browser');
  log.push({ level: 'info', text: 'listening', statusPage: 'http://127.0.0.1:40000/' });
  view.logged();
  expect(stripVTControlCharacters(drawn)).toContain('In a browser: http://127.0.0.1:40000/ · Ctrl-C ends it');
  view.end();
});
