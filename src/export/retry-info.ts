import { fileURLToPath } from 'node:url';
import { type MessageTypeDefinition, loadSync } from '@grpc/proto-loader';

interface Status {
  readonly details: readonly { readonly typeUrl: string; readonly value: Buffer }[];
}

interface RetryInfo {
  readonly retryDelay: { readonly seconds: number; readonly nanos: number } | null;
}

const protoFile = fileURLToPath(new URL('../../proto/google/rpc/status.proto', import.meta.url));
let types: { status: MessageTypeDefinition<Status, Status>; retryInfo: MessageTypeDefinition<RetryInfo, RetryInfo> } | undefined;

/**
 * How long a gRPC status asks to wait, in milliseconds.
 * @param statusDetails the `grpc-status-details-bin` metadata.
 * @returns undefined when it has no RetryInfo, or is not readable.
 */
export function retryInfoMs(statusDetails: Buffer): number | undefined {
  const { status, retryInfo } = (types ??= load());
  try {
    const detail = status.deserialize(statusDetails).details.find(({ typeUrl }) => typeUrl.endsWith('/google.rpc.RetryInfo'));
    if (detail === undefined) return undefined;
    const { retryDelay } = retryInfo.deserialize(detail.value);
    return retryDelay === null ? 0 : Math.max(0, retryDelay.seconds * 1000 + retryDelay.nanos / 1e6);
  } catch {
    return undefined;
  }
}

function load(): NonNullable<typeof types> {
  const definition = loadSync(protoFile, { longs: Number, defaults: true });
  return {
    status: definition['google.rpc.Status'] as MessageTypeDefinition<Status, Status>,
    retryInfo: definition['google.rpc.RetryInfo'] as MessageTypeDefinition<RetryInfo, RetryInfo>,
  };
}
