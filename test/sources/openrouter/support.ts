import { readFileSync } from 'node:fs';
import { type HttpAnswer, type SimulatedUpstream, startUpstream } from '../../../src/demo/http-server.ts';
import { HttpClient } from '../../../src/http/client.ts';
import type { Source } from '../../../src/model/reading.ts';
import { Secret } from '../../../src/model/secret.ts';
import { OpenRouterClient } from '../../../src/sources/openrouter/client.ts';
import { openRouterSource } from '../../../src/sources/openrouter/index.ts';

/** The key of every test; it opens nothing. */
export const fakeKey = 'sk-or-v1-visibly-fake';

/** The folder of recorded bodies. */
export const fixtures = new URL('../../fixtures/openrouter/', import.meta.url);

/** The real source over HTTP; a base URL as a person would write it. */
export function openRouterAt(baseUrl: string, apiKey: Secret = Secret.of(fakeKey)): Source {
  const client = new OpenRouterClient(new HttpClient({ userAgent: 'claude-usage-metrics/test' }), new URL(baseUrl), apiKey);
  return openRouterSource({ account: 'default', intervalMs: 60_000, client });
}

/** A simulated OpenRouter: an answer for each of its two paths. */
export function startOpenRouter(answers: { readonly key: HttpAnswer; readonly credits: HttpAnswer }): Promise<SimulatedUpstream> {
  return startUpstream(({ path }) => {
    if (path === '/api/v1/key') return answers.key;
    return path === '/api/v1/credits' ? answers.credits : { status: 404, body: 'no such path' };
  });
}

/** A recorded body as the answer it was: its name has the status, its ending the type. */
export function recorded(file: string): HttpAnswer {
  const status = Number(/\.(\d{3})\./.exec(file)?.[1]);
  const headers = { 'content-type': file.endsWith('.html') ? 'text/html' : 'application/json' };
  return { status, headers, body: readFileSync(new URL(file, fixtures), 'utf8') };
}
