import { type Metadata, Server, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { listen } from '../../src/demo/receiver.ts';

/** An OTLP/gRPC receiver of traces on loopback, which keeps the bytes that come. */
export interface TraceReceiver {
  readonly url: string;
  /** One character a byte. */
  readonly bodies: readonly string[];
  readonly metadata: readonly Metadata[];
  stop(): void;
}

const asIs = (bytes: Buffer): Buffer => bytes;
const exportMethod = {
  path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  requestStream: false,
  responseStream: false,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
} as const;

/** Starts one. @param refusal what it says to every second request, which it refuses. */
export async function startTraceReceiver(refusal: (metadata: Metadata, before: number) => string): Promise<TraceReceiver> {
  const bodies: string[] = [];
  const metadata: Metadata[] = [];
  const server = new Server();
  server.addService({ Export: exportMethod }, {
    Export(call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void {
      bodies.push(call.request.toString('latin1'));
      metadata.push(call.metadata);
      if (bodies.length % 2 === 1) done(null, Buffer.alloc(0));
      else done({ code: status.INVALID_ARGUMENT, details: refusal(call.metadata, bodies.length) });
    },
  });
  const port = await listen(server, 0);
  return { url: `http://127.0.0.1:${port}`, bodies, metadata, stop: () => server.forceShutdown() };
}
