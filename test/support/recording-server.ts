import { type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request, whole. */
export interface RecordedRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** One character a byte. */
  readonly body: string;
}

/** An HTTP server on loopback that keeps all that arrives. */
export interface RecordingServer {
  readonly url: string;
  readonly requests: readonly RecordedRequest[];
  /** Resolves when so many requests have been answered. */
  answered(count: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a server; `answer` gets each request and how many came before it. */
export async function startRecordingServer(
  answer: (request: RecordedRequest, before: number, response: ServerResponse) => unknown,
): Promise<RecordingServer> {
  const requests: RecordedRequest[] = [];
  const waiting: { readonly count: number; readonly done: () => void }[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
      const request = { path: incoming.url ?? '', headers, body: Buffer.concat(chunks).toString('latin1') };
      requests.push(request);
      answer(request, requests.length - 1, response);
      for (const { count, done } of waiting) if (requests.length >= count) done();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answered: (count) => new Promise((done) => (requests.length >= count ? done() : waiting.push({ count, done }))),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
