import { expect, test } from 'vitest';
import { jsonOf } from '../../src/http/answer.ts';
import { HttpClient } from '../../src/http/client.ts';
import { startRawServer, writeAnswer } from '../support/raw-server.ts';

/** Where a redirect points, from the port of the origin that was asked and of another one. */
const targets: readonly (readonly [string, (asked: number, other: number) => string])[] = [
  ['the same host', () => '/elsewhere'],
  ['the same host, in full', (asked) => `http://127.0.0.1:${asked}/elsewhere`],
  ['another port', (_asked, other) => `http://127.0.0.1:${other}/key`],
  ['another host', (_asked, other) => `http://localhost:${other}/key`],
  ['another host of any scheme', (_asked, other) => `//localhost:${other}/key`],
  ['another port with user info', (_asked, other) => `http://user:word@127.0.0.1:${other}/key`],
  ['the same host with user info', (asked) => `http://user:word@127.0.0.1:${asked}/elsewhere`],
];

const cells = [301, 302, 303, 307, 308].flatMap((status) => targets.map(([name, location]) => ({ status, name, location })));

test.each(cells)('a $status to $name is not followed', async ({ status, location }) => {
  await using other = await startRawServer((socket) => writeAnswer(socket, '200 OK', '{}'));
  await using asked = await startRawServer((socket) =>
    writeAnswer(socket, `${status} Elsewhere`, '', { location: location(asked.port, other.port) }),
  );
  const headers = { authorization: 'Bearer sk-fake', cookie: 'sessionKey=sk-fake', 'x-api-key': 'sk-fake' };
  const response = await new HttpClient({ userAgent: 'test' }).get({
    url: asked.url,
    headers,
    signal: AbortSignal.timeout(10_000),
  });
  expect(() => jsonOf(response, 'upstream', new Date())).toThrow(expect.objectContaining({ reason: 'upstream', status }));
  expect(asked.heads).toHaveLength(1);
  expect(other.connections()).toBe(0);
});
