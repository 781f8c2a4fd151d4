import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { SourceError } from '../../src/model/source-error.ts';
import {
  FakeSource,
  after,
  expectDueIn,
  failing,
  good,
  hanging,
  hour,
  minute,
  pollerOf,
  reading,
  refreshFor,
  second,
  shown,
  useSimulatedTime,
} from './fake-source.ts';

useSimulatedTime();

describe('the deadline', () => {
  test('ends a read that does not heed the signal', async () => {
    let signal: AbortSignal | undefined;
    const source = new FakeSource((context) => {
      signal = context.signal;
      return hanging(context);
    });
    const poller = pollerOf(source);
    const read = poller.refresh();
    await vi.advanceTimersByTimeAsync(20 * second - 1);
    expect(signal?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(signal?.aborted).toBe(true);
    await vi.advanceTimersByTimeAsync(second);
    await read;
    expect(poller.last).toMatchObject({ outcome: 'timeout', failures: [{ message: 'openrouter was not read within 20 s' }] });
    source.answer = good;
    // A quarter of a second is for what it had; 45 s are counted from then on.
    await expectDueIn(poller, source, 44_250);
  });

  test.each([
    ['answered', good],
    ['failed', failing],
  ])('is there at once for all that is left of a read that has %s', async (_, answer) => {
    let signal: AbortSignal | undefined;
    const source = new FakeSource(
      after(second, (context) => {
        signal = context.signal;
        expect(signal.aborted).toBe(false);
        return answer(context);
      }),
    );
    await refreshFor(pollerOf(source), second);
    expect(signal?.aborted).toBe(true);
  });

  test.each([100, 10 * second])('an answer %i ms late is not used', async (lateMs) => {
    const source = new FakeSource(after(20 * second + lateMs, good));
    const poller = pollerOf(source);
    await refreshFor(poller, 31 * second);
    expect(poller.last?.outcome).toBe('timeout');
    expect(shown(poller)).toEqual([]);
    expect(poller.lastSuccessAt).toBeUndefined();
  });

  test('a failure that comes late ends nothing', async () => {
    const rejections: unknown[] = [];
    const listen = (rejection: unknown): unknown => rejections.push(rejection);
    process.on('unhandledRejection', listen);
    onTestFinished(() => void process.off('unhandledRejection', listen));
    const poller = pollerOf(new FakeSource(after(30 * second, failing)));
    await refreshFor(poller, 31 * second);
    expect(poller.last?.outcome).toBe('timeout');
    vi.useRealTimers();
    await new Promise((resolve) => setImmediate(resolve));
    vi.useFakeTimers();
    expect(rejections).toEqual([]);
  });

  test('a source that heeds the signal keeps the parts it has', async () => {
    const cutShort = new SourceError('timeout', 'the second part did not come in time');
    const source = new FakeSource(
      ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(reading(['total'], [cutShort])))),
    );
    const poller = pollerOf(source);
    await refreshFor(poller, 20 * second);
    expect(poller.last).toMatchObject({ outcome: 'timeout', failures: [cutShort] });
    expect(shown(poller)).toEqual(['total']);
    expect(poller.lastSuccessAt).toBeUndefined();
  });

  test('a refusal whose page never ended keeps its Retry-After', async () => {
    const refusal = new SourceError('rate_limited', 'answered 429', { retryAfterMs: hour });
    const source = new FakeSource(
      ({ signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(refusal))),
    );
    const poller = pollerOf(source);
    await refreshFor(poller, 20 * second);
    expect(poller.last?.outcome).toBe('rate_limited');
    source.answer = good;
    await expectDueIn(poller, source, hour);
  });

  test('of longer than a timer can be is no deadline at once', async () => {
    const poller = pollerOf(new FakeSource(after(minute, good)), { deadlineMs: 1_000 * hour });
    await refreshFor(poller, minute);
    expect(poller.last?.outcome).toBe('success');
  });
});
