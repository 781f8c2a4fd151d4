import { Server, ServerCredentials } from '@grpc/grpc-js';
import { createServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { listen } from '../../src/demo/receiver.ts';
import { tracesSignal } from '../../src/export/signal.ts';
import type { Authority, Identity } from './certificates.ts';
import { listening } from './proxy.ts';

/** A request with spans, as far as it is looked at. */
export interface SeenSpans {
  /** Of the connection. */
  readonly peer: string;
  /** The header `x-token`. */
  readonly token: string;
  readonly bytes: number;
}

/** A backend that takes all traces. */
export interface TraceBackend {
  readonly port: number;
  readonly seen: readonly SeenSpans[];
  stop(): Promise<void>;
}

/** How a backend is started. */
export interface TraceBackendOptions {
  /** Any free one if absent. */
  readonly port?: number;
  /** With TLS, for clients that one of the authority's certificates names. */
  readonly tls?: { readonly server: Identity; readonly clients: Authority };
}

/** Starts one that speaks OTLP/gRPC. */
export async function startGrpcTraceBackend({ port = 0, tls }: TraceBackendOptions = {}): Promise<TraceBackend> {
  const seen: SeenSpans[] = [];
  const server = new Server();
  const asIs = (bytes: Buffer): Buffer => bytes;
  const coding = { requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs, responseDeserialize: asIs };
  const Export = { path: `/${tracesSignal.method}`, requestStream: false, responseStream: false, ...coding };
  server.addService({ Export }, {
    Export(call: { request: Buffer; getPeer(): string; metadata: { get(name: string): readonly (string | Buffer)[] } }, done: (error: null, answer: Buffer) => void): void {
      seen.push({ peer: call.getPeer(), token: call.metadata.get('x-token').join(), bytes: call.request.length });
      done(null, Buffer.alloc(0));
    },
  });
  const credentials = tls && secured(tls.server, tls.clients);
  return {
    port: await listen(server, port, credentials),
    seen,
    stop() {
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}

function secured({ key, certificate }: Identity, clients: Authority): ServerCredentials {
  return ServerCredentials.createSsl(Buffer.from(clients.certificate), [{ private_key: Buffer.from(key), cert_chain: Buffer.from(certificate) }], true);
}

/** Starts one that speaks OTLP/HTTP. */
export async function startHttpTraceBackend({ port = 0, tls }: TraceBackendOptions = {}): Promise<TraceBackend> {
  const seen: SeenSpans[] = [];
  const options = tls && { key: tls.server.key, cert: tls.server.certificate, ca: tls.clients.certificate, requestCert: true };
  const server = options === undefined ? createServer() : createHttpsServer(options);
  server.on('request', (request, response) => {
    let bytes = 0;
    request.on('data', (chunk: Buffer) => (bytes += chunk.length));
    request.once('end', () => {
      seen.push({ peer: String(request.socket.remotePort), token: String(request.headers['x-token'] ?? ''), bytes });
      response.end();
    });
  });
  return {
    port: await listening(server, port),
    seen,
    async stop() {
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
