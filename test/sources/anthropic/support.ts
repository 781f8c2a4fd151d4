import { readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { type HttpAnswer, type SeenRequest, startUpstream } from '../../../src/demo/http-server.ts';
import { HttpClient } from '../../../src/http/client.ts';
import { Limiter } from '../../../src/http/limiter.ts';
import { systemClock } from '../../../src/model/clock.ts';
import type { Cell } from '../../../src/model/report.ts';
import { Secret } from '../../../src/model/secret.ts';
import { AnthropicClient } from '../../../src/sources/anthropic/client.ts';

/** Where the recorded bodies are. */
export const fixtures = new URL('../../fixtures/admin-api/', import.meta.url);

/** A recorded body. */
export function fixture(file: string): unknown {
  return JSON.parse(readFileSync(new URL(file, fixtures), 'utf8')) as unknown;
}

/** An id without its fake part. */
export function short<T extends string | undefined>(id: T): T {
  return id?.replace(/01FakeFixture[A-Za-z]+?0*(?=[1-9]|DEFAULT)/, '') as T;
}

/** `18T00 metric{key=value} value` of a cell: day and hour of its bucket. */
export function cellLine({ metric, bucketStart, attributes, value }: Cell): string {
  const pairs = Object.entries(attributes).map(([key, text]) => `${key}=${short(text)}`);
  return `${bucketStart.toISOString().slice(8, 13)} ${metric}{${pairs.join()}} ${value}`;
}

/** A client of an upstream that answers so; it lives as long as the test. */
export async function clientOf(answer: (path: string, request: SeenRequest) => HttpAnswer): Promise<AnthropicClient> {
  const upstream = await startUpstream((request) => answer(request.path, request));
  onTestFinished(() => upstream.stop());
  return new AnthropicClient({
    http: new HttpClient({ userAgent: 'test' }),
    baseUrl: new URL(upstream.url),
    adminKey: Secret.of('sk-ant-admin01-fake'),
    limiter: new Limiter(600, systemClock),
  });
}

/** The API's own refusal. */
export function refusal(status: number, type: string, message = 'no'): HttpAnswer {
  return { status, body: { type: 'error', error: { type, message }, request_id: 'req_fake' } };
}
