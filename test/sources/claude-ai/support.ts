import { HttpClient } from '../../../src/http/client.ts';
import type { Source } from '../../../src/model/reading.ts';
import { Secret } from '../../../src/model/secret.ts';
import { ClaudeAiClient } from '../../../src/sources/claude-ai/client.ts';
import { type ClaudeAiOptions, claudeAiSource } from '../../../src/sources/claude-ai/index.ts';
import { fixedSession } from '../../../src/sources/cookies/provider.ts';

/** The real source over HTTP, with a session from the settings unless told otherwise. */
export function claudeAiAt(url: string, options: Partial<ClaudeAiOptions> = {}): Source {
  return claudeAiSource({
    account: 'default',
    intervalMs: 120_000,
    client: new ClaudeAiClient(new HttpClient({ userAgent: 'claude-usage-metrics/test' }), new URL(url)),
    cookies: fixedSession(Secret.of('sk-ant-sid01-fake')),
    cookieNames: ['sessionKey'],
    ...options,
  });
}

/** A read that may take ten seconds. */
export function readAt(source: Source, now: string): ReturnType<Source['read']> {
  return source.read({ signal: AbortSignal.timeout(10_000), now: new Date(now) });
}
