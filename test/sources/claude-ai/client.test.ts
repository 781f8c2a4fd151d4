import { afterEach, expect, test } from 'vitest';
import { type SimulatedUpstream, startUpstream } from '../../../src/demo/http-server.ts';
import { claudeAiAt, readAt } from './support.ts';

let upstream: SimulatedUpstream | undefined;
afterEach(() => upstream?.stop());

test.each(['', '/', '/gateway', '/gateway/', '/gateway//'])('a base URL that ends with %o keeps its path', async (path) => {
  upstream = await startUpstream(() => ({ status: 200, body: { five_hour: null } }));
  await readAt(claudeAiAt(upstream.url + path, { organizationId: 'org-1' }), '2026-10-02T12:00:00Z');
  const prefix = path.startsWith('/gateway') ? '/gateway' : '';
  expect(upstream.requests.map(({ method, path: asked }) => [method, asked])).toEqual([
    ['GET', `${prefix}/api/organizations/org-1/usage`],
  ]);
});
