import { expect, test } from 'vitest';
import { adminAnswer } from '../../../src/demo/anthropic/api.ts';
import { type AdminFault, ConnectionLost, adminFaults, drawFault, layFault } from '../../../src/demo/anthropic/faults.ts';
import { SimulatedOrganization } from '../../../src/demo/anthropic/organization.ts';
import type { PlainAnswer } from '../../../src/demo/http-server.ts';
import { seededRandom } from '../../../src/demo/random.ts';
import { allowed, usualHeaders } from './reader.ts';

const nowMs = Date.parse('2026-11-21T15:30:00Z');
const range = 'starting_at=2026-11-19T00:00:00Z&ending_at=2026-11-22T00:00:00Z';
const organization = new SimulatedOrganization();
for (const hours of [3, 30, 50]) organization.use({ atMs: nowMs - hours * 3_600_000, output: 5, microCents: 25_000_000n });

function laid(fault: AdminFault, path: string): { answer: PlainAnswer; sound: PlainAnswer } {
  const request = { path: `/v1/organizations/${path}`, headers: usualHeaders };
  const sound = adminAnswer(organization, request, nowMs, allowed);
  return { sound, answer: layFault(fault, { ...request, nowMs }, sound, seededRandom(1)) };
}

const usage = `usage_report/messages?${range}`;
const page = (fault: AdminFault): string => {
  const { sound } = laid(fault, `${usage}&limit=1`);
  return `${usage}&limit=1&page=${encodeURIComponent((sound.body as { next_page: string }).next_page)}`;
};

test.each(adminFaults.filter((fault) => fault !== 'connection_lost'))('%s spoils an answer it applies to, and leaves what it was made from alone', (fault) => {
  const path = fault.startsWith('amount') ? `cost_report?${range}` : fault.startsWith('cursor') ? page(fault) : usage;
  const { answer, sound } = laid(fault, path);
  expect(answer).not.toEqual(sound);
  expect(laid(fault, path).sound).toEqual(sound);
  expect(laid(fault, path).answer).toEqual(answer);
});

test('a lost connection is thrown', () => {
  expect(() => laid('connection_lost', usage)).toThrow(ConnectionLost);
});

test('a fault that does not apply leaves the answer as it is', () => {
  for (const fault of ['bucket_missing', 'amount_text', 'cursor_expired', 'cursor_repeated'] as const) {
    const { answer, sound } = laid(fault, 'users');
    expect(answer).toEqual(sound);
  }
});

test('a cursor is repeated word for word; the missing bucket is never the last', () => {
  const path = page('cursor_repeated');
  expect(laid('cursor_repeated', path).answer.body).toMatchObject({ next_page: new URLSearchParams(path.split('?')[1]).get('page'), has_more: true });
  const starts = ({ body }: PlainAnswer): string[] => (body as { data: { starting_at: string }[] }).data.map(({ starting_at }) => starting_at);
  const { answer, sound } = laid('bucket_missing', usage);
  expect(starts(answer)).toHaveLength(2);
  expect(starts(answer).at(-1)).toBe(starts(sound).at(-1));
});

test('faults are drawn from a seed, as often as is asked for', () => {
  const draw = (seed: number): (AdminFault | undefined)[] => {
    const random = seededRandom(seed);
    return Array.from({ length: 1_000 }, () => drawFault(random, 0.3));
  };
  expect(draw(5)).toEqual(draw(5));
  expect(draw(5)).not.toEqual(draw(6));
  const drawn = draw(5).filter((fault) => fault !== undefined);
  expect(drawn.length).toBeGreaterThan(250);
  expect(drawn.length).toBeLessThan(350);
  expect(new Set(drawn)).toEqual(new Set(adminFaults));
});
