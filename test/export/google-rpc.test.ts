import { expect, test } from 'vitest';
import { retryInfoMs, statusMessage } from '../../src/export/google-rpc.ts';
import { statusWithMessage, statusWithRetryInfo } from '../support/google-rpc.ts';

test.each([
  ['seconds and nanoseconds', { seconds: 1, nanos: 500_000_000 }, 1_500],
  ['zero', {}, 0],
  ['no delay at all', undefined, 0],
  ['a negative delay', { seconds: -5 }, 0],
  ['an hour', { seconds: 3_600 }, 3_600_000],
] as const)('a RetryInfo of %s is read', async (_, delay, expected) => {
  expect(await retryInfoMs(statusWithRetryInfo(delay))).toBe(expected);
});

test('a status without RetryInfo, and bytes that are no status, ask for nothing', async () => {
  expect(await retryInfoMs(statusWithMessage('no'))).toBeUndefined();
  expect(await retryInfoMs(Buffer.from('ffffffffff', 'hex'))).toBeUndefined();
  expect(await retryInfoMs(Buffer.alloc(0))).toBeUndefined();
});

test('the message of a status is read, and none from bytes that are no status', async () => {
  expect(await statusMessage(statusWithMessage('bad metric'))).toBe('bad metric');
  expect(await statusMessage(Buffer.from('ffffffffff', 'hex'))).toBeUndefined();
});
