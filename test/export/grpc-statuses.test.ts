/*
 * Every status that gRPC has, in every form that a backend may send it, from the wire to what became of the points.
 */
import { status } from '@grpc/grpc-js';
import { beforeAll, expect, test } from 'vitest';
import { DeliveringExporter } from '../../src/export/exporter.ts';
import { grpcSender } from '../../src/export/otlp-grpc.ts';
import type { ExportOutcome } from '../../src/export/outcome.ts';
import { statusWithRetryInfo } from '../support/google-rpc.ts';
import { gaugePoints } from '../support/metrics.ts';
import { startStatusServer } from '../support/status-server.ts';

/** https://opentelemetry.io/docs/specs/otlp/#failures: whether the same may be sent again; some only if the backend says when. */
const mayBeRepeated: Readonly<Record<keyof typeof status, boolean | 'with RetryInfo'>> = {
  OK: false,
  CANCELLED: true,
  UNKNOWN: false,
  INVALID_ARGUMENT: false,
  DEADLINE_EXCEEDED: true,
  NOT_FOUND: false,
  ALREADY_EXISTS: false,
  PERMISSION_DENIED: false,
  RESOURCE_EXHAUSTED: 'with RetryInfo',
  FAILED_PRECONDITION: false,
  ABORTED: true,
  OUT_OF_RANGE: true,
  UNIMPLEMENTED: false,
  INTERNAL: false,
  UNAVAILABLE: true,
  DATA_LOSS: true,
  UNAUTHENTICATED: false,
};
const codes = Object.keys(mayBeRepeated) as (keyof typeof status)[];
const delaysMs = [undefined, 0, 1_500, 3_600_000] as const;
const forms = ['in trailers', 'in headers only'] as const;

/** More than the longest wait that is kept here, less than an hour. */
const deadlineMs = 15_000;
const points = 3;

interface Cell {
  readonly code: keyof typeof status;
  readonly delayMs: (typeof delaysMs)[number];
  readonly form: (typeof forms)[number];
}

interface Seen {
  readonly outcome: ExportOutcome;
  readonly attemptsAtMs: readonly number[];
  /** What became of the next cycle. */
  readonly next: ExportOutcome;
  readonly attemptsOfNext: number;
}

const cells: readonly Cell[] = codes.flatMap((code) => delaysMs.flatMap((delayMs) => forms.map((form) => ({ code, delayMs, form }))));
const nameOf = ({ code, delayMs, form }: Cell): string => `${code} ${form}, RetryInfo ${delayMs ?? 'absent'}`;
const seen = new Map<string, Seen>();

/** A backend that answers so at first, and takes what is sent again. */
async function deliverTo({ code, delayMs, form }: Cell): Promise<Seen> {
  const details = delayMs === undefined ? undefined : statusWithRetryInfo({ seconds: Math.floor(delayMs / 1000), nanos: (delayMs % 1000) * 1e6 });
  const server = await startStatusServer((before) =>
    before > 0
      ? { code: status.OK, isTrailersOnly: false, hasMessage: true }
      : { code: status[code], ...(details && { details }), isTrailersOnly: form === 'in headers only', hasMessage: code === 'OK' },
  );
  const told: ExportOutcome[] = [];
  const exporter = new DeliveringExporter({
    senders: [grpcSender(`http://127.0.0.1:${server.port}`)],
    deadlineMs,
    attemptMs: deadlineMs,
    random: () => 0,
    backOffMs: 20,
    onOutcome: (outcome) => told.push(outcome),
  });
  const cycle = async (): Promise<void> => {
    exporter.beginCycle();
    await new Promise((resolve) => exporter.export(gaugePoints(points), resolve));
  };
  await cycle();
  const attemptsAtMs = [...server.callsAtMs];
  await cycle();
  const attemptsOfNext = server.callsAtMs.length - attemptsAtMs.length;
  await exporter.shutdown();
  await server.stop();
  const [outcome, next] = told;
  if (outcome === undefined || next === undefined) throw new Error('nobody was told what became of the points');
  return { outcome, attemptsAtMs, next, attemptsOfNext };
}

// All at once: none waits for another's 1.5 seconds.
beforeAll(async () => {
  await Promise.all(cells.map(async (cell) => seen.set(nameOf(cell), await deliverTo(cell))));
}, 60_000);

test.each(cells.map((cell) => [nameOf(cell), cell] as const))('%s', (name, { code, delayMs, form }) => {
  const { outcome, attemptsAtMs } = seen.get(name) ?? { outcome: undefined, attemptsAtMs: [] };
  const again = mayBeRepeated[code] === true || (mayBeRepeated[code] === 'with RetryInfo' && delayMs !== undefined);
  // An hour does not fit, and is not waited for.
  const isSentAgain = again && (delayMs ?? 0) < deadlineMs;
  // A success without an answer is none: nobody knows what became of the points.
  const isTaken = code === 'OK' && form === 'in trailers';
  expect(attemptsAtMs).toHaveLength(isSentAgain ? 2 : 1);
  if (isSentAgain || isTaken) expect(outcome).toEqual({ acknowledged: points, rejected: 0, lost: 0 });
  else expect(outcome).toMatchObject({ acknowledged: 0, rejected: 0, lost: points, cause: causeOf(code) });
  const [first = 0, second = Infinity] = attemptsAtMs;
  expect(second - first).toBeGreaterThanOrEqual(delayMs ?? 0);
});

test.each(cells.map((cell) => [nameOf(cell), cell] as const))('the next cycle after %s', (name, { code, delayMs }) => {
  const { outcome, next, attemptsOfNext } = seen.get(name) ?? {};
  const isRetryable = mayBeRepeated[code] === true || (mayBeRepeated[code] === 'with RetryInfo' && delayMs !== undefined);
  // Only who asks for it, and may be sent the same again, is left alone.
  const isHeld = isRetryable && delayMs === 3_600_000;
  expect(attemptsOfNext).toBe(isHeld ? 0 : 1);
  if (!isHeld) expect(next).toEqual({ acknowledged: points, rejected: 0, lost: 0 });
  else expect(next).toMatchObject({ acknowledged: 0, lost: points, cause: causeOf(code), heldUntil: outcome?.heldUntil });
  expect(outcome?.heldUntil !== undefined).toBe(isHeld);
});

function causeOf(code: keyof typeof status): string {
  if (code === 'OK') return 'not_otlp';
  return code === 'DEADLINE_EXCEEDED' ? 'timeout' : code;
}
