import type { ServerResponse } from 'node:http';
import { status } from '@grpc/grpc-js';
import { type CookieAnswer, startCookiejar } from '../../src/demo/cookiejar.ts';
import { type Answer, startReceiver } from '../../src/demo/receiver.ts';
import { type RecordedRequest, type RecordingServer, startRecordingServer } from './recording-server.ts';
import { type TraceReceiver, startTraceReceiver } from './trace-receiver.ts';

/** Peers that answer with every fault there is and put what they got into each answer, in every writing. */
export interface EchoingWorld {
  readonly claude: RecordingServer;
  readonly openRouter: RecordingServer;
  readonly admin: RecordingServer;
  /** Where redirects point. */
  readonly elsewhere: RecordingServer;
  readonly httpCollector: RecordingServer;
  readonly cookiejarUrl: string;
  readonly grpcCollectorUrl: string;
  /** Takes traces over gRPC. */
  readonly traces: TraceReceiver;
  /** What came to the gRPC collector: the messages, not the metadata. */
  readonly exported: () => string;
  /** Resolves when a message with this text has come to it. */
  exports(text: string): Promise<void>;
  /** Metadata that came to it. */
  readonly metadata: () => string;
  stop(): Promise<void>;
}

/** Answers to one upstream request in two; the others are good. */
export const upstreamFaults = 18;

/** How a peer may write what it quotes. Each once in an answer would do, but texts are cut. */
const writings: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => Buffer.from(text).toString('base64'),
  encodeURIComponent,
  (text) => Buffer.from(text).toString('hex'),
  (text) => JSON.stringify(text),
  (text) => encodeURIComponent(Buffer.from(`user:${text}`).toString('base64')),
  (text) => Buffer.from(JSON.stringify({ text })).toString('base64url'),
];

/** One writing after the other, whatever else turns with the requests. */
function written(text: string, turn: number): string {
  return writings[turn % writings.length]?.(text) ?? text;
}

/** @param cookies what the cookie service hands out, and puts into its refusals. */
export async function startEchoingWorld(cookies: string): Promise<EchoingWorld> {
  const elsewhere = await startRecordingServer((_request, _before, response) => response.end('{}'));
  const claude = await startRecordingServer((request, before, response) =>
    answerOrFault(response, before, credentialOf(request, before), claudeUsage, elsewhere.url),
  );
  let keyReads = 0;
  const openRouter = await startRecordingServer((request, before, response) => {
    const turn = request.path.endsWith('/key') ? keyReads++ : before;
    answerOrFault(response, turn, credentialOf(request, before), openRouterKey, elsewhere.url);
  });
  const admin = await startRecordingServer((request, before, response) =>
    answerOrFault(response, before, credentialOf(request, before), adminLists, elsewhere.url),
  );
  const httpCollector = await startRecordingServer((request, before, response) =>
    collectorAnswer(response, before, written(headersOf(request), Math.floor(before / 6)), elsewhere.url),
  );

  let calls = 0;
  const cookiejar = await startCookiejar(() => cookieAnswer(calls++, cookies));
  const exported: unknown[] = [];
  const metadata: unknown[] = [];
  const waiting: { readonly text: string; readonly done: () => void }[] = [];
  const collector = await startReceiver({
    onRequest(requests, received) {
      exported.push(requests);
      for (const { text, done } of waiting) if (textOf(requests).includes(text)) done();
      metadata.push(received.toJSON());
    },
    answer: () => grpcAnswer(exported.length, written(JSON.stringify(metadata.at(-1)), Math.floor(exported.length / 5))),
  });
  const traces = await startTraceReceiver((received, before) => written(textOf(received), Math.floor(before / 2)));
  return {
    claude,
    openRouter,
    admin,
    elsewhere,
    httpCollector,
    cookiejarUrl: `http://127.0.0.1:${cookiejar.port}`,
    grpcCollectorUrl: `http://127.0.0.1:${collector.port}`,
    traces,
    exported: () => textOf(exported),
    exports: (text) => new Promise((done) => (textOf(exported).includes(text) ? done() : waiting.push({ text, done }))),
    metadata: () => textOf(metadata),
    async stop() {
      cookiejar.stop();
      collector.stop();
      traces.stop();
      await Promise.all([claude, openRouter, admin, elsewhere, httpCollector].map((server) => server.stop()));
    },
  };
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part));
}

function headersOf({ headers }: RecordedRequest): string {
  return JSON.stringify(headers);
}

/** The credential alone, or among all headers. */
function credentialOf(request: RecordedRequest, before: number): string {
  const { cookie, authorization, 'x-api-key': key } = request.headers;
  return before % 6 < 4 ? (cookie ?? authorization ?? key ?? '') : headersOf(request);
}

/** What may be the name of a header. */
function token(text: string): string {
  return `x-${text.replace(/[^A-Za-z0-9-]/g, '').slice(0, 500)}`;
}

/** A good answer with these texts wherever it has text. */
type Body = (...echoes: readonly string[]) => object;

function answerOrFault(response: ServerResponse, before: number, credential: string, good: Body, elsewhere: string): unknown {
  const echo = written(credential, Math.floor(before / 2));
  const json = (code: number, body: object): unknown => {
    return response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  const html = (code: number, headers: Record<string, string> = {}): unknown => {
    const page = `<!DOCTYPE html><title>Just a moment...</title>${echo}`;
    return response.writeHead(code, { 'content-type': 'text/html', ...headers }).end(page);
  };
  const error = { type: 'error', error: { type: echo, message: echo, code: echo, details: { error_code: echo } } };
  const fault = Math.floor(before / 2) % upstreamFaults;
  if (before % 2 === 0) return json(200, good('five_hour'));
  switch (fault) {
    case 0:
      return json(401, error);
    case 1:
      return json(403, error);
    case 2:
      return html(403, { 'cf-mitigated': 'challenge' });
    case 3:
      return response.writeHead(429, { 'retry-after': '0', 'x-echo': echo }).end(JSON.stringify(error));
    case 4:
      return response.writeHead(500, echo.slice(0, 1_000)).end(echo);
    case 5:
      return response.writeHead(302, { location: `${elsewhere}/?${encodeURIComponent(echo)}` }).end(echo);
    case 6:
      return response.destroy();
    case 7:
      return response.end(`not json: ${echo}`);
    case 8:
      return response.end('x'.repeat(110) + echo);
    case 9:
      return json(200, error);
    case 10:
      return json(200, good(...writings.map((write) => write(credential))));
    case 11:
      return json(500, { error: { type: 'x'.repeat(100) + echo, message: echo } });
    case 12:
      return response.writeHead(200, { 'content-encoding': echo, 'content-type': echo }).end(echo);
    case 13:
      return response.writeHead(307, { location: `https://${encodeURIComponent(echo)}@127.0.0.1:1/${encodeURIComponent(echo)}` }).end();
    case 14:
      return response.writeHead(200, { [token(echo)]: 'x', 'content-length': '1' }).end(echo);
    case 15:
      return response.writeHead(429, { 'retry-after': echo, date: echo, 'www-authenticate': `Basic realm="${echo.replaceAll('"', '')}"` }).end(echo);
    case 16:
      return response.socket?.end(`HTTP/1.1 999 ${echo}\r\n${token(echo)}: ${echo}\r\nx y: ${echo}\r\n\r\n${echo}`);
    default:
      return html(200);
  }
}

/** Every place of the usage answer that has text in it. */
const claudeUsage: Body = (...echoes) => ({
  limits: echoes.flatMap((echo) => [
    { kind: 'session', percent: 12, resets_at: echo },
    { kind: echo, percent: 1 },
    { kind: 'weekly_scoped', percent: 2, scope: { model: { id: echo, display_name: echo } } },
    { kind: 'weekly_scoped', percent: 3, scope: { surface: echo } },
    { kind: `unknown ${echo}`, percent: echo },
  ]),
  ...Object.fromEntries(echoes.map((echo) => [`seven_day_${echo}`, { utilization: echo }])),
  ...Object.fromEntries(echoes.map((echo) => [echo, { limit_dollars: 5, used_dollars: echo, utilization: 3 }])),
  unknown_key: echoes,
  extra_usage: { utilization: 4, used_credits: 1, currency: echoes[0] },
});

/** The same of OpenRouter's. */
const openRouterKey: Body = (...echoes) => ({
  data: {
    label: echoes.join(),
    usage: 1,
    usage_daily: echoes[0],
    usage_weekly: 1,
    usage_monthly: 1,
    limit: echoes[0],
    limit_reset: echoes.join(),
    is_management_key: true,
    total_credits: 3,
    total_usage: 1,
    ...Object.fromEntries(echoes.map((echo) => [echo, 1])),
  },
});

/** An answer to a list and to a report of the Admin API. */
const adminLists: Body = (...echoes) => ({
  data: echoes.map((echo) => ({
    id: echo,
    name: echo,
    email: echo,
    created_by: { id: echo },
    starting_at: echo,
    ending_at: echo,
    results: [{ model: echo, amount: echo }],
  })),
  has_more: false,
  next_page: null,
});

function cookieAnswer(call: number, cookies: string): CookieAnswer {
  const code = [status.INTERNAL, status.UNAVAILABLE, status.UNAUTHENTICATED, status.NOT_FOUND][Math.floor(call / 8) % 4];
  return call % 8 === 7 && code !== undefined ? { kind: 'refuse', code, message: written(cookies, Math.floor(call / 8)) } : { kind: 'cookies', text: cookies };
}

function grpcAnswer(count: number, message: string): Answer {
  switch (count % 5) {
    case 1:
      return { kind: 'refuse', code: status.INVALID_ARGUMENT, message };
    case 2:
      return { kind: 'partial', rejectedPoints: 1, message };
    case 3:
      return { kind: 'refuse', code: status.UNAUTHENTICATED, message: 'x'.repeat(100) + message };
    case 4:
      return { kind: 'refuse', code: status.UNIMPLEMENTED, message };
    default:
      return { kind: 'acknowledge' };
  }
}

function collectorAnswer(response: ServerResponse, before: number, echo: string, elsewhere: string): unknown {
  switch (before % 6) {
    case 0:
      return response.writeHead(400, { 'content-type': 'text/plain' }).end(echo);
    case 1:
      return response.writeHead(301, { location: `${elsewhere}/?${encodeURIComponent(echo)}` }).end(echo);
    case 2:
      return response.destroy();
    case 3:
      return response.writeHead(401, echo.replace(/[^\x20-\x7e]/g, '').slice(0, 200)).end(echo);
    case 4:
      return response.writeHead(200, { 'content-type': 'text/html' }).end(`<!DOCTYPE html>${echo}`);
    default:
      return response.writeHead(200, { 'content-type': 'application/x-protobuf', [token(echo)]: echo }).end();
  }
}
