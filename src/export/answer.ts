import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { z } from 'zod';
import { cleanText } from '../model/text.ts';

/** What a backend says of a request that it took. */
export interface ExportAnswer {
  /** Points, or spans of traces. As the backend says; it may say nonsense. */
  readonly rejectedPoints: number;
  /** Why it rejected points, or a warning when it rejected none. */
  readonly message?: string;
}

/** A success whose answer is none of OTLP: something else listens there, and nobody took the points. Its message says what came. */
export class NotOtlpError extends Error {}

const count = z.union([z.number(), z.string().regex(/^-?\d+$/).transform(Number)]).nullish();

/**
 * ExportMetricsServiceResponse, or that of traces, in the JSON mapping of Protobuf, where a 64-bit number is a string. Some backends say more in
 * it; one that speaks of an error has not taken the points.
 */
const jsonAnswer = z
  .looseObject({
    partialSuccess: z
      .object({
        rejectedDataPoints: count,
        rejectedSpans: count,
        errorMessage: z.string().nullish(),
      })
      .nullish(),
  })
  .refine((answer) => !Object.keys(answer).some((key) => /^errors?$/i.test(key)));

/**
 * The response to traces has the same fields under the same numbers. Text does not pass for one: `<` and `{` would be of a group, which the decoder refuses.
 * @throws {NotOtlpError} when the bytes are no ExportMetricsServiceResponse.
 */
export function protobufAnswer(bytes: Uint8Array): ExportAnswer {
  try {
    return answerOf(ProtobufMetricsSerializer.deserializeResponse(bytes).partialSuccess);
  } catch {
    throw new NotOtlpError('bytes');
  }
}

/**
 * The answer to a request over HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp-response). Some backends answer
 * protobuf with JSON.
 * @param contentType in lower case; empty when there is none.
 * @throws {NotOtlpError}
 */
export function httpAnswer(contentType: string, body: Buffer): ExportAnswer {
  if (body.length === 0) return { rejectedPoints: 0 };
  const [mediaType = ''] = contentType.split(';', 1);
  try {
    switch (mediaType.trim()) {
      case '':
      case 'application/x-protobuf':
        return protobufAnswer(body);
      case 'application/json':
        return answerOf(jsonAnswer.parse(JSON.parse(body.toString('utf8'))).partialSuccess);
    }
  } catch {
    // Said below, with its content type.
  }
  throw new NotOtlpError(mediaType === '' ? 'bytes without a content type' : cleanText(mediaType));
}

interface PartialSuccess {
  readonly rejectedDataPoints?: number | null | undefined;
  readonly rejectedSpans?: number | null | undefined;
  readonly errorMessage?: string | null | undefined;
}

function answerOf(partial: PartialSuccess | null | undefined): ExportAnswer {
  const message = partial?.errorMessage ?? '';
  return { rejectedPoints: partial?.rejectedDataPoints ?? partial?.rejectedSpans ?? 0, ...(message !== '' && { message: cleanText(message) }) };
}
