import { Metadata } from '@grpc/grpc-js';
import { type MessageTypeDefinition, loadSync } from '@grpc/proto-loader';

const definition = loadSync('proto/google/rpc/status.proto', { longs: Number });

function encode(type: string, message: object): Buffer {
  return (definition[`google.rpc.${type}`] as MessageTypeDefinition<object, object>).serialize(message);
}

/** A google.rpc.Status that asks to wait; without a delay a RetryInfo without one. */
export function statusWithRetryInfo(delay?: { seconds?: number; nanos?: number }): Buffer {
  const value = encode('RetryInfo', delay === undefined ? {} : { retryDelay: delay });
  return encode('Status', {
    code: 14,
    message: 'busy',
    details: [
      { typeUrl: 'type.googleapis.com/google.rpc.DebugInfo', value: Buffer.from('not this one') },
      { typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', value },
    ],
  });
}

/** A google.rpc.Status with nothing but a message. */
export function statusWithMessage(message: string): Buffer {
  return encode('Status', { code: 3, message });
}

/** A status as the trailing metadata of a gRPC answer. */
export function statusDetails(bytes: Buffer): Metadata {
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', bytes);
  return metadata;
}
