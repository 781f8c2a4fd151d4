import { type IncomingHttpHeaders, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { type ReceivedRequest, decodeRequest, flatten } from '../../src/demo/otlp-messages.ts';

/** A request of OTLP/HTTP as it came. */
export interface HttpExport {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly requests: readonly ReceivedRequest[];
}

/** An OTLP/HTTP receiver on loopback. */
export interface HttpReceiver {
  readonly url: string;
  readonly port: number;
  readonly exports: readonly HttpExport[];
  stop(): Promise<void>;
}

/** Starts a receiver; `answer` says what becomes of each request, and acknowledges it if absent. */
export async function startHttpReceiver(
  answer: (response: ServerResponse, count: number) => void = (response) => response.end(),
  port = 0,
): Promise<HttpReceiver> {
  const exports: HttpExport[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const wire = Buffer.concat(chunks);
      const body = incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(wire) : wire;
      const { method = '', url = '', headers } = incoming;
      exports.push({ method, path: url, headers, requests: flatten(decodeRequest(body)) });
      answer(response, exports.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${bound}/v1/metrics`,
    port: bound,
    exports,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
