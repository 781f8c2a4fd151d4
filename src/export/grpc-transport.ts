import { Client, type ServiceError, compressionAlgorithms, status } from '@grpc/grpc-js';
import type { convertLegacyOtlpGrpcOptions } from '@opentelemetry/otlp-grpc-exporter-base';
import { grpcAnswered } from '../model/spans.ts';
import { version } from '../version.ts';
import { NotOtlpError, protobufAnswer } from './answer.ts';
import type { Transport } from './transport.ts';

/** The environment's settings for OTLP/gRPC, as the SDK reads them. */
export type GrpcOptions = ReturnType<typeof convertLegacyOtlpGrpcOptions>;

const asIs = (bytes: Buffer): Buffer => bytes;

/**
 * A channel of its own.
 * @param method with its service.
 * @param proxied through the proxy that the process environment names for grpc-js, instead of directly.
 * @throws when the credentials or headers of the settings cannot be used.
 */
export function grpcTransport(options: GrpcOptions, method: string, proxied: boolean): Transport {
  const metadata = options.metadata();
  const client = new Client(options.url, options.credentials(), {
    'grpc.default_compression_algorithm': compressionAlgorithms[options.compression === 'gzip' ? 'gzip' : 'identity'],
    'grpc.primary_user_agent': `claude-usage-metrics/${version}`,
    // grpc-js else shares a connection with every channel to the same address, also one that died without a word.
    'grpc.use_local_subchannel_pool': 1,
    // No DNS record configures how we push.
    'grpc.service_config_disable_resolution': 1,
    'grpc.enable_http_proxy': proxied ? 1 : 0,
  });
  // The proxy's address stands there in place of the target's.
  const reached = client.getChannel().getTarget().replace(/^dns:/, '');
  return {
    ...(reached !== options.url && { proxy: reached }),
    close: () => client.close(),
    async exchange(body, { timeoutMs, signal, span }) {
      const answer = await new Promise<Uint8Array>((resolve, reject) => {
        const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
        // The signal ends it; the deadline is for the backend to know.
        const deadline = new Date(Date.now() + timeoutMs + 1_000);
        const call = client.makeUnaryRequest(`/${method}`, asIs, asIs, bytes, metadata, { deadline }, (error, answer) => {
          signal.removeEventListener('abort', cancel);
          const silent = error !== null && isWithoutMessage(error);
          grpcAnswered(span, status[silent ? status.OK : (error?.code ?? status.OK)]);
          if (error !== null) reject(silent ? new NotOtlpError('no message') : error);
          else resolve(answer ?? new Uint8Array());
        });
        const cancel = (): void => call.cancel();
        signal.addEventListener('abort', cancel, { once: true });
      });
      return protobufAnswer(answer);
    },
  };
}

/** grpc-js makes a status of its own of a success without an answer. */
function isWithoutMessage({ code, details }: ServiceError): boolean {
  return code === status.UNIMPLEMENTED && details === 'No message received';
}
