import fc from 'fast-check';
import { expect } from 'vitest';
import { type ExportAnswer, NotOtlpError, httpAnswer, protobufAnswer } from '../../src/export/answer.ts';
import { retryInfoMs, statusMessage } from '../../src/export/google-rpc.ts';
import { fuzz } from '../support/fuzz.ts';
import { statusWithMessage, statusWithRetryInfo } from '../support/google-rpc.ts';
import { damaged, torn, withOtherValues } from '../support/outside.ts';

/** ExportMetricsServiceResponse with a partial success: five points, and why. */
const partial = Buffer.from([0x0a, 0x08, 0x08, 0x05, 0x12, 0x04, ...Buffer.from('nope')]);
const json = ['{"partialSuccess":{"rejectedDataPoints":"5","errorMessage":"no"}}', '{"partialSuccess":{"rejectedDataPoints":7}}', '{"error":"no"}', '{}'];
const statuses = [statusWithRetryInfo({ seconds: 1, nanos: 500_000_000 }), statusWithRetryInfo(), statusWithMessage('busy')];

const body = fc.oneof(
  damaged([partial, ...statuses]),
  withOtherValues(json).map((text) => Buffer.from(text)),
  torn(json).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom(...statuses),
);
const mediaType = fc.oneof(
  fc.constantFrom('', 'application/x-protobuf', 'application/json', 'application/json; charset=utf-8', 'text/html'),
  fc.string({ unit: 'binary' }),
);

function answerOf(read: () => ExportAnswer): ExportAnswer | undefined {
  try {
    return read();
  } catch (error) {
    expect(error).toBeInstanceOf(NotOtlpError);
    return undefined;
  }
}

/** Counts that are numbers, texts that are short, waits that are finite; or that it is none of OTLP. */
fuzz('answers of a backend', fc.tuple(mediaType, body), async ([contentType, bytes]) => {
  for (const read of [() => httpAnswer(contentType, bytes), () => protobufAnswer(bytes)]) {
    const answer = answerOf(read);
    if (answer === undefined) continue;
    expect(answer.rejectedPoints).toSatisfy(Number.isFinite);
    if (answer.message !== undefined) expect(Buffer.byteLength(answer.message)).toBeLessThanOrEqual(128);
  }
  const waitMs = await retryInfoMs(bytes);
  if (waitMs !== undefined) expect(Number.isFinite(waitMs) && waitMs >= 0).toBe(true);
  expect(['string', 'undefined']).toContain(typeof (await statusMessage(bytes)));
});
