import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { prepareSdk } from '../../src/agent.ts';
import { otlpSender } from '../../src/agent-senders.ts';
import { loadConfig } from '../../src/config/config.ts';
import { startReceiver } from '../../src/demo/receiver.ts';
import type { Sender } from '../../src/export/attempt.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { startHttpReceiver } from '../support/http-receiver.ts';
import { gaugeRequest } from '../support/metrics.ts';

/** A sender with its headers in a file, and what writes that file. */
function senderTo(endpoint: string, protocol: string): { readonly sender: Sender; readonly write: (headers: string) => void; readonly remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'headers-'));
  const path = join(directory, 'headers');
  const write = (headers: string): void => writeFileSync(path, headers);
  write('x-api-key=first-fake-key\n');
  const { OTEL_EXPORTER_OTLP_HEADERS: before } = process.env;
  const config = loadConfig({
    environment: {
      OPENROUTER_API_KEY: 'sk-or-v1-fake',
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_EXPORTER_OTLP_HEADERS_FILE: path,
    },
    // A developer's own .env must not reach a test.
    envFile: fileURLToPath(new URL('../support/empty.env', import.meta.url)),
    flags: {},
  });
  prepareSdk(config, createLogger('silent'));
  const { otlp } = config.export;
  if (otlp === undefined) throw new Error('there is no target');
  const sender = otlpSender(otlp);
  onTestFinished(() => {
    sender.close();
    rmSync(directory, { recursive: true });
    if (before === undefined) delete process.env['OTEL_EXPORTER_OTLP_HEADERS'];
  });
  return { sender, write, remove: () => rmSync(path) };
}

test('headers in a file are read before each request over gRPC, and the connection is kept while they stay', async () => {
  const seen: { readonly key: unknown; readonly peer: string }[] = [];
  const receiver = await startReceiver({
    onRequest: (_requests, metadata, peer) => seen.push({ key: metadata.get('x-api-key')[0], peer }),
  });
  onTestFinished(() => receiver.stop());
  const { sender, write } = senderTo(`http://127.0.0.1:${receiver.port}`, 'grpc');

  await sender.send(gaugeRequest(1), 5_000);
  await sender.send(gaugeRequest(1), 5_000);
  write('x-api-key=second-fake-key');
  await sender.send(gaugeRequest(1), 5_000);
  expect(seen.map(({ key }) => key)).toEqual(['first-fake-key', 'first-fake-key', 'second-fake-key']);
  expect(seen[0]?.peer).toBe(seen[1]?.peer);
});

test('headers in a file are read before each request over HTTP', async () => {
  const receiver = await startHttpReceiver();
  onTestFinished(() => receiver.stop());
  const { sender, write } = senderTo(`http://127.0.0.1:${receiver.port}`, 'http/protobuf');

  await sender.send(gaugeRequest(1), 5_000);
  write('x-api-key=second-fake-key');
  await sender.send(gaugeRequest(1), 5_000);
  expect(receiver.exports.map(({ headers }) => headers['x-api-key'])).toEqual(['first-fake-key', 'second-fake-key']);
});

test('while the file is gone or wrong no request is made, and it may be tried again', async () => {
  const receiver = await startHttpReceiver();
  onTestFinished(() => receiver.stop());
  const { sender, write, remove } = senderTo(`http://127.0.0.1:${receiver.port}`, 'http/protobuf');

  remove();
  const gone = await sender.send(gaugeRequest(1), 5_000);
  expect(gone).toMatchObject({ status: 'failed', retryable: true, message: expect.stringContaining('cannot be read (ENOENT)') as unknown });
  write('not a header fake-key');
  const wrong = await sender.send(gaugeRequest(1), 5_000);
  expect(wrong).toMatchObject({ status: 'failed', retryable: true, message: expect.stringContaining('must be name=value') as unknown });
  expect(JSON.stringify(wrong)).not.toContain('fake-key');
  expect(receiver.exports).toHaveLength(0);

  write('x-api-key=second-fake-key');
  expect(await sender.send(gaugeRequest(1), 5_000)).toMatchObject({ status: 'acknowledged' });
});
