import { fileURLToPath } from 'node:url';
import { type Metadata, Server, type ServerCredentials, type ServerUnaryCall, type ServiceDefinition, type sendUnaryData, type status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { listen } from './receiver.ts';

/** What a simulated cookiejar-reader answers. */
export type CookieAnswer =
  | { readonly kind: 'cookies'; readonly text: string }
  | { readonly kind: 'refuse'; readonly code: status; readonly message?: string }
  | { readonly kind: 'hang' };

/** A simulated cookiejar-reader on loopback. */
export interface SimulatedCookiejar {
  readonly port: number;
  /** Calls so far. */
  readonly calls: number;
  /** Hosts that were asked for. */
  readonly hosts: readonly string[];
  /** What came with each call. */
  readonly metadata: readonly Metadata[];
  stop(): void;
}

const protoFile = fileURLToPath(new URL('../../proto/cookiejar/v1/cookie.proto', import.meta.url));

/** Starts a cookie service; `answer` decides for each call. */
export async function startCookiejar(
  answer: () => CookieAnswer,
  options: { readonly port?: number; readonly credentials?: ServerCredentials } = {},
): Promise<SimulatedCookiejar> {
  const server = new Server();
  const service = loadSync(protoFile, { defaults: true })['cookiejar.v1.CookieService'] as unknown as ServiceDefinition;
  const hosts: string[] = [];
  const metadata: Metadata[] = [];
  server.addService(service, {
    GetCookies(call: ServerUnaryCall<{ host: string }, object>, done: sendUnaryData<object>): void {
      hosts.push(call.request.host);
      metadata.push(call.metadata);
      const given = answer();
      if (given.kind === 'cookies') done(null, { cookies: given.text });
      else if (given.kind === 'refuse') done({ code: given.code, details: given.message ?? 'refused by the simulator' });
    },
  });
  const port = await listen(server, options.port ?? 0, options.credentials);
  return {
    port,
    get calls() {
      return hosts.length;
    },
    hosts,
    metadata,
    stop: () => server.forceShutdown(),
  };
}
