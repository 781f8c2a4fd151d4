import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { type Route, sendText } from './route.ts';

/** What the server is started with. */
export interface ServerOptions {
  /** Name or IP address to listen on, IPv6 without brackets. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Whether only this machine reaches that address. */
  readonly loopback: boolean;
  readonly routes: readonly Route[];
  /** Told what must never happen: a route that failed. */
  readonly onError: (error: unknown) => void;
}

/** The running server. */
export interface HttpServer {
  /** `http://127.0.0.1:9464`, with the port that it has. */
  readonly url: string;
  /** Refuses whatever comes from now on, lets what has begun end, and cuts what has not ended after a second. */
  stop(): Promise<void>;
}

/** Answers that have begun when the server stops get this long to end. */
const finishWithinMs = 1_000;

/** Nothing moves on a connection for this long: its peer has gone, or does not read. */
const idleMs = 60_000;

/** Connections at once; more are closed. Browsers and scrapers keep some open. */
const maxConnections = 128;

/** For every answer; a route replaces what it must. Nothing here is to be framed, cached, sniffed or read by another site. */
const securityHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

/**
 * Starts the server; resolves when it listens.
 * @throws {Error} of Node's, with a `code` (EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOTFOUND), when it cannot listen there.
 */
export async function startServer({ host, port, loopback, routes, onError }: ServerOptions): Promise<HttpServer> {
  const byPath = new Map(routes.map((route) => [route.path, route]));
  const stopping = new AbortController();
  const server = createServer(
    { maxHeaderSize: 8_192, headersTimeout: 10_000, requestTimeout: 10_000, keepAliveTimeout: 75_000, connectionsCheckingInterval: 5_000 },
    (request, response) => {
      response.setHeaders(new Map(Object.entries(securityHeaders)));
      answer(request, response).catch((error: unknown) => {
        onError(error);
        if (response.headersSent) response.destroy();
        else sendText(response, 500, 'This answer failed; the log says why.');
      });
    },
  );
  server.maxConnections = maxConnections;
  server.timeout = idleMs;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (stopping.signal.aborted) response.setHeader('connection', 'close');
    if (loopback && !isOwnName(request.headers.host)) {
      sendText(response, 421, 'This server is for its own machine; ask for it as localhost or by its IP address.');
      return;
    }
    const route = byPath.get(pathOf(request));
    if (route === undefined) {
      sendText(response, 404, `Not found. There is ${[...byPath.keys()].join(', ')}.`);
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      // A body that nobody reads would stand before the next request.
      response.setHeaders(new Map(Object.entries({ allow: 'GET, HEAD', connection: 'close' })));
      sendText(response, 405, 'GET and HEAD only.');
    } else {
      await route.handle(request, response, stopping.signal);
    }
  }

  await listening(server, host, port);
  // Errors after that are of single connections, which Node has already closed.
  server.on('error', onError);
  const bound = server.address() as AddressInfo;
  return {
    url: `http://${isIP(host) === 6 ? `[${host}]` : host}:${bound.port}`,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      stopping.abort();
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), finishWithinMs);
      await closed;
      clearTimeout(cut);
    },
  };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Without the query; a request for a proxy has the whole address. */
function pathOf({ url = '' }: IncomingMessage): string {
  return url.replace(/^https?:\/\/[^/?]*/i, '').replace(/\?.*$/s, '');
}

/**
 * Whether a request names this machine: by an IP address, or as localhost. A page of another site could else have its own
 * name point to loopback, and read what is here (DNS rebinding).
 */
function isOwnName(header: string | undefined): boolean {
  // HTTP/1.0, which no browser speaks.
  if (header === undefined) return true;
  const name = header.replace(/:\d*$/, '').toLowerCase();
  return isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0 || name === 'localhost' || name.endsWith('.localhost');
}
