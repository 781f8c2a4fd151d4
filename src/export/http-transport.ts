import type { ClientRequest, IncomingMessage, Agent as HttpAgent } from 'node:http';
import type { AgentOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { convertLegacyHttpOptions } from '@opentelemetry/otlp-exporter-base/node-http';
import { TunnelAgent } from '../http/tunnel.ts';
import { type OpenSpan, httpAnswered } from '../model/spans.ts';
import { version } from '../version.ts';
import { type ExportAnswer, httpAnswer } from './answer.ts';
import type { Transport } from './transport.ts';

/** The environment's settings for OTLP/HTTP, as the SDK reads them. */
export type HttpOptions = ReturnType<typeof convertLegacyHttpOptions>;

/** An answer that is no success. */
export class HttpStatusError extends Error {
  readonly statusCode: number;
  readonly contentType: string;
  /** As it came. */
  readonly retryAfter: string | undefined;
  /** When the backend's clock says that it answered, as it came. */
  readonly date: string | undefined;
  readonly body: Buffer;

  constructor(statusCode: number, { headers }: IncomingMessage, body: Buffer) {
    super(`HTTP ${statusCode}`);
    this.statusCode = statusCode;
    this.contentType = headers['content-type']?.toLowerCase() ?? '';
    this.retryAfter = headers['retry-after'];
    this.date = headers.date;
    this.body = body;
  }
}

/** Longest answer that is read; an OTLP one is a count and a message. */
export const maxAnswerBytes = 1024 * 1024;

/** How long the reason of a refusal is waited for: its status has said the most. */
const refusalMs = 1_000;

/** One POST an exchange; no redirect is followed. @param proxy on the way to an https address. */
export function httpTransport(options: HttpOptions, proxy?: URL): Transport {
  const url = new URL(options.url);
  let agent: Promise<HttpAgent> | undefined;
  return {
    ...(proxy && { proxy: proxy.host }),
    async exchange(body, { signal, span }) {
      const { request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
      agent ??= Promise.resolve(options.agentFactory(url.protocol)).then((own) => throughProxy(own, proxy));
      const zipped = options.compression === 'gzip';
      const bytes = zipped ? await promisify(gzip)(body) : body;
      const headers = {
        'user-agent': `claude-usage-metrics/${version}`,
        ...(await options.headers()),
        'content-length': bytes.length,
        ...(zipped && { 'content-encoding': 'gzip' }),
      };
      const connections = await agent;
      // Node would make the connection even so.
      signal.throwIfAborted();
      return answerTo(request(url, { method: 'POST', headers, agent: connections, signal }), bytes, span);
    },
    close() {
      agent?.then((open) => open.destroy()).catch(() => undefined);
    },
  };
}

/** With the certificates and keys of the settings. */
function throughProxy(own: HttpAgent, proxy: URL | undefined): HttpAgent {
  return proxy === undefined ? own : new TunnelAgent(proxy, (own as { readonly options?: AgentOptions }).options);
}

/** @throws {HttpStatusError}, {NotOtlpError} or what Node says of the connection. */
async function answerTo(request: ClientRequest, body: Uint8Array, span: OpenSpan): Promise<ExportAnswer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve).on('error', reject);
    // Nobody asked for another protocol. Without a listener Node drops the connection and says nothing at all.
    request.once('upgrade', (answer: IncomingMessage, socket: Duplex) => {
      socket.destroy();
      httpAnswered(span, 101);
      reject(new HttpStatusError(101, answer, Buffer.alloc(0)));
    });
    request.end(body);
  });
  const { statusCode = 0, headers } = response;
  httpAnswered(span, statusCode);
  if (statusCode >= 200 && statusCode <= 299) return httpAnswer(headers['content-type']?.toLowerCase() ?? '', await bodyOf(response));
  const patience = setTimeout(() => response.destroy(), refusalMs);
  // A refusal stands, with its Retry-After, even if its reason is endless or breaks off; half of one may end in half a secret.
  const reason = await bodyOf(response).catch(() => Buffer.alloc(0));
  clearTimeout(patience);
  throw new HttpStatusError(statusCode, response, reason);
}

/** @throws when it does not come whole, or is too long. */
async function bodyOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) throw new Error(`the answer has more than ${maxAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
