import { type Metadata, Server, ServerCredentials, type sendUnaryData, type ServerUnaryCall, type status } from '@grpc/grpc-js';
import { type ExportRequest, type ReceivedRequest, flatten, metricsService } from './otlp-messages.ts';

/** What a {@link Receiver} does with a request. */
export type Answer =
  | {
      readonly kind: 'acknowledge';
      /** The answer waits for it. */
      readonly after?: Promise<unknown>;
    }
  | { readonly kind: 'partial'; readonly rejectedPoints: number; readonly message: string }
  | { readonly kind: 'refuse'; readonly code: status; readonly message?: string; readonly metadata?: Metadata }
  | { readonly kind: 'hang' };

/** What a {@link Receiver} is started with. */
export interface ReceiverOptions {
  /** Port 0: any free one. */
  readonly port?: number;
  readonly credentials?: ServerCredentials;
  /** Decides for each request; absent: all are acknowledged. */
  readonly answer?: (requests: readonly ReceivedRequest[]) => Answer;
  /** @param peer address and port of the connection it came over. */
  readonly onRequest?: (requests: readonly ReceivedRequest[], metadata: Metadata, peer: string) => void;
}

/** An OTLP/gRPC metrics receiver on loopback. */
export interface Receiver {
  readonly port: number;
  stop(): void;
}

/** Starts a receiver. */
export async function startReceiver(options: ReceiverOptions = {}): Promise<Receiver> {
  // As a Collector, it takes messages of 4 MiB at most.
  const server = new Server();
  server.addService(metricsService, {
    Export(call: ServerUnaryCall<ExportRequest, object>, done: sendUnaryData<object>): void {
      const requests = flatten(call.request);
      options.onRequest?.(requests, call.metadata, call.getPeer());
      const answer = options.answer?.(requests) ?? { kind: 'acknowledge' };
      switch (answer.kind) {
        case 'acknowledge':
          if (answer.after === undefined) done(null, {});
          else void answer.after.then(() => done(null, {}));
          break;
        case 'partial':
          done(null, { partialSuccess: { rejectedDataPoints: answer.rejectedPoints, errorMessage: answer.message } });
          break;
        case 'refuse':
          done({ code: answer.code, details: answer.message ?? 'refused by the receiver', ...(answer.metadata && { metadata: answer.metadata }) });
          break;
        case 'hang':
          break;
      }
    },
  });
  const port = await listen(server, options.port ?? 0, options.credentials);
  return { port, stop: () => server.forceShutdown() };
}

/** Binds a gRPC server to loopback and resolves with its port. */
export function listen(server: Server, port: number, credentials = ServerCredentials.createInsecure()): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
}
