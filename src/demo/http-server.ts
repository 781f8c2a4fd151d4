import { type IncomingHttpHeaders, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as a simulated upstream sees it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** A whole answer. */
export interface PlainAnswer {
  readonly status: number;
  /** Text or bytes as they are; anything else as JSON. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a simulated upstream does with a request: an answer, or anything at all with the response itself. */
export type HttpAnswer = PlainAnswer | ((response: ServerResponse) => void);

/** A simulated upstream on loopback. */
export interface SimulatedUpstream {
  readonly url: string;
  readonly requests: readonly SeenRequest[];
  stop(): Promise<void>;
}

/** Starts an HTTP server; `answer` decides for each request. */
export async function startUpstream(answer: (request: SeenRequest) => HttpAnswer, port = 0): Promise<SimulatedUpstream> {
  const requests: SeenRequest[] = [];
  const server = createServer((incoming, response) => {
    const request = { method: incoming.method ?? '', path: incoming.url ?? '', headers: incoming.headers };
    requests.push(request);
    const given = answer(request);
    if (typeof given === 'function') given(response);
    else sendAnswer(response, given);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers a request. */
export function sendAnswer(response: ServerResponse, { status, body, headers }: PlainAnswer): void {
  const raw = typeof body === 'string' || Buffer.isBuffer(body);
  response.writeHead(status, { ...(!raw && { 'content-type': 'application/json' }), ...headers });
  response.end(raw ? body : JSON.stringify(body));
}
