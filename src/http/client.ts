import type { IncomingMessage } from 'node:http';
import { type Duplex, type Readable, Transform, pipeline } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import got from 'got';
import { SourceError } from '../model/source-error.ts';
import { transportError } from './failures.ts';
import { type BodyLimits, defaultLimits } from './limits.ts';

/** A GET with its credentials. */
export interface HttpRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly limits?: BodyLimits;
}

/** An answer that was read whole, within its limits. */
export interface HttpResponse {
  readonly status: number;
  readonly contentType: string;
  /** Value of a header, by its lower-case name. */
  header(name: string): string | undefined;
  readonly body: string;
}

/** Called once for each request that was made: with its status, or without one when no answer came. */
export type RequestObserver = (status: number | undefined) => void;

/** GETs that never follow a redirect, never retry, and never read more than their limits. */
export class HttpClient {
  readonly #userAgent: string;
  readonly #observe: RequestObserver;

  constructor(options: { readonly userAgent: string; readonly observe?: RequestObserver }) {
    this.#userAgent = options.userAgent;
    this.#observe = options.observe ?? (() => undefined);
  }

  /**
   * Reads one answer, whatever its status.
   * @throws {SourceError} `timeout`, `dns`, `tls`, `network` or `too_large`.
   */
  async get(request: HttpRequest): Promise<HttpResponse> {
    let status: number | undefined;
    try {
      request.signal.throwIfAborted();
      const stream = got.stream(request.url, {
        headers: {
          'user-agent': this.#userAgent,
          accept: 'application/json',
          'accept-encoding': 'gzip, deflate, br',
          ...request.headers,
        },
        signal: request.signal,
        followRedirect: false,
        throwHttpErrors: false,
        decompress: false,
        retry: { limit: 0 },
      });
      const response = await responseOf(stream);
      status = response.statusCode ?? 0;
      const body = await readBody(stream, response, request.limits ?? defaultLimits);
      return {
        status,
        contentType: response.headers['content-type']?.toLowerCase() ?? '',
        header: (name) => firstValue(response.headers[name]),
        body,
      };
    } catch (thrown) {
      throw transportError(thrown, request.url, request.signal);
    } finally {
      this.#observe(status);
    }
  }
}

function firstValue(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function responseOf(stream: ReturnType<typeof got.stream>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // The listener stays for the stream's life: an error after the answer has begun reaches readBody as well.
    stream.on('error', reject);
    stream.once('response', resolve);
  });
}

/** Text of the body; wire and inflated bytes are counted as they come, and nothing over a limit is kept. */
async function readBody(stream: Readable, response: IncomingMessage, limits: BodyLimits): Promise<string> {
  const declared = Number(response.headers['content-length']);
  if (declared > limits.wireBytes) {
    stream.destroy();
    throw tooLarge(`${declared} bytes announced`);
  }
  let wireBytes = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      wireBytes += chunk.length;
      done(wireBytes > limits.wireBytes ? tooLarge(`more than ${limits.wireBytes} bytes on the wire`) : null, chunk);
    },
  });
  const decoder = decoderFor(response.headers['content-encoding']?.trim().toLowerCase());
  // An error anywhere in the line ends it whole, and comes out of the loop below.
  const last = decoder ?? counter;
  pipeline(decoder === undefined ? [stream, counter] : [stream, counter, decoder], () => undefined);
  const chunks: Buffer[] = [];
  let inflatedBytes = 0;
  for await (const chunk of last as AsyncIterable<Buffer>) {
    inflatedBytes += chunk.length;
    if (inflatedBytes > limits.inflatedBytes) throw tooLarge(`more than ${limits.inflatedBytes} bytes inflated`);
    if (inflatedBytes > limits.ratioFromBytes && inflatedBytes > wireBytes * limits.ratio) {
      throw tooLarge(`inflates more than ${limits.ratio} times`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function tooLarge(what: string): SourceError {
  return new SourceError('too_large', `the answer is too large: ${what}`);
}

function decoderFor(encoding: string | undefined): Duplex | undefined {
  switch (encoding) {
    case undefined:
    case '':
    case 'identity':
      return undefined;
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    default:
      throw new SourceError('schema', 'the answer has a content encoding that was not asked for');
  }
}
