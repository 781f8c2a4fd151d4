import { fileURLToPath } from 'node:url';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

interface Status {
  readonly message: string;
  readonly details: readonly { readonly typeUrl: string; readonly value: Buffer }[];
}

interface RetryInfo {
  readonly retryDelay: { readonly seconds: number; readonly nanos: number } | null;
}

interface Types {
  readonly status: MessageTypeDefinition<Status, Status>;
  readonly retryInfo: MessageTypeDefinition<RetryInfo, RetryInfo>;
}

const protoFile = fileURLToPath(new URL('../../proto/google/rpc/status.proto', import.meta.url));
let types: Promise<Types> | undefined;

/**
 * How long a google.rpc.Status asks to wait, in milliseconds.
 * @param bytes of the `grpc-status-details-bin` metadata.
 * @returns undefined when it has no RetryInfo, or is not readable.
 */
export async function retryInfoMs(bytes: Buffer): Promise<number | undefined> {
  const { status, retryInfo } = await (types ??= load());
  try {
    const detail = status.deserialize(bytes).details.find(({ typeUrl }) => typeUrl.endsWith('/google.rpc.RetryInfo'));
    if (detail === undefined) return undefined;
    const { retryDelay } = retryInfo.deserialize(detail.value);
    return retryDelay === null ? 0 : Math.max(0, retryDelay.seconds * 1000 + retryDelay.nanos / 1e6);
  } catch {
    return undefined;
  }
}

/** The message of a google.rpc.Status, which is the body of an OTLP/HTTP failure; undefined when it is not readable. */
export async function statusMessage(bytes: Buffer): Promise<string | undefined> {
  const { status } = await (types ??= load());
  try {
    return status.deserialize(bytes).message;
  } catch {
    return undefined;
  }
}

/** Loaded when first needed: most pushes succeed, and the loader takes its time. */
async function load(): Promise<Types> {
  const { loadSync } = await import('@grpc/proto-loader');
  const definition = loadSync(protoFile, { longs: Number, defaults: true });
  return {
    status: definition['google.rpc.Status'] as MessageTypeDefinition<Status, Status>,
    retryInfo: definition['google.rpc.RetryInfo'] as MessageTypeDefinition<RetryInfo, RetryInfo>,
  };
}
