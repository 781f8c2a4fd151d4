/*
 * The way of traces to their backend, which is not that of metrics: what breaks it, and what changes on it.
 */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { openTraces } from '../../src/agent-traces.ts';
import { prepareSdk } from '../../src/agent.ts';
import { loadConfig } from '../../src/config/config.ts';
import type { SpanOutcome } from '../../src/export/span-exporter.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { type Authority, type Identity, createAuthority } from '../support/certificates.ts';
import { ownNames } from '../support/names.ts';
import { startProxy } from '../support/proxy.ts';
import { type TraceBackend, type TraceBackendOptions, startGrpcTraceBackend, startHttpTraceBackend } from '../support/trace-backend.ts';

const addresses = ownNames();
let environment: NodeJS.ProcessEnv;
beforeEach(() => {
  environment = { ...process.env };
});
afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in environment)) Reflect.deleteProperty(process.env, name);
  Object.assign(process.env, environment);
});

let authority: Authority;
beforeAll(async () => {
  authority = await createAuthority();
});
afterAll(() => authority.stop());

const taken = { acknowledged: 1, rejected: 0, lost: 0 };

/** An agent's traces. @returns makes a span, and tells what became of it. */
function tracesTo(settings: Readonly<Record<string, string>>): () => Promise<SpanOutcome> {
  const config = loadConfig({
    // Time for two attempts of a second.
    environment: { OPENROUTER_API_KEY: 'sk-or-v1-fake', OTEL_TRACES_EXPORTER: 'otlp', OTEL_BSP_SCHEDULE_DELAY: '1', OTEL_BSP_EXPORT_TIMEOUT: '3000', ...settings },
    envFile: fileURLToPath(new URL('../support/empty.env', import.meta.url)),
    flags: {},
  });
  const logger = createLogger('silent');
  prepareSdk(config, logger);
  if (config.traces === undefined) throw new Error('there are no traces');
  const waiting: ((outcome: SpanOutcome) => void)[] = [];
  const traces = openTraces(config.traces, () => resourceFromAttributes({ 'service.name': 'test' }), {
    logger,
    write: () => undefined,
    random: () => 0,
    onOutcome: (outcome) => waiting.shift()?.(outcome),
  });
  onTestFinished(() => traces.close(0));
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      traces.start({ name: 'collect' }).end();
    });
}

const protocols = [
  { protocol: 'grpc', start: startGrpcTraceBackend },
  { protocol: 'http/protobuf', start: startHttpTraceBackend },
] as const;

describe.each(protocols)('traces over $protocol', ({ protocol, start }) => {
  const settings = (endpoint: string): Record<string, string> => ({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: protocol });

  async function backendOf(options?: TraceBackendOptions): Promise<TraceBackend> {
    const backend = await start(options);
    onTestFinished(() => backend.stop());
    return backend;
  }

  test('a connection that died without a word is replaced with the next attempt', async () => {
    const backend = await backendOf();
    const network = await startProxy(backend.port);
    onTestFinished(() => network.stop());
    const span = tracesTo(settings(`http://127.0.0.1:${network.port}`));
    expect(await span()).toEqual(taken);
    network.freeze();
    expect(await span()).toEqual(taken);
    expect(backend.seen).toHaveLength(2);
    expect(network.connections).toBe(2);
  });

  test('a collector that restarts is reached with the next batch', async () => {
    const first = await backendOf();
    const span = tracesTo(settings(`http://127.0.0.1:${first.port}`));
    expect(await span()).toEqual(taken);
    await first.stop();
    const second = await backendOf({ port: first.port });
    expect(await span()).toEqual(taken);
    expect(second.seen).toHaveLength(1);
  });

  test.each(['gone', 'silent'])('a collector that has moved is found at its new address when the old one is %s', async (old) => {
    const backend = await backendOf();
    const network = await startProxy(backend.port, '127.0.0.2');
    onTestFinished(() => network.stop());
    const span = tracesTo(settings(`http://collector.test:${network.port}`));
    addresses.set('collector.test', '127.0.0.2');
    expect(await span()).toEqual(taken);
    const moved = await startProxy(backend.port, '127.0.0.1', network.port);
    onTestFinished(() => moved.stop());
    addresses.set('collector.test', '127.0.0.1');
    if (old === 'gone') await network.stop();
    else {
      network.freeze();
      await network.become({ kind: 'black hole' });
    }
    expect(await span()).toEqual(taken);
    expect(moved.connections).toBeGreaterThan(0);
  });

  test('certificates that are replaced are used from the next batch on, half-written ones are not', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tls-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const files = { clientCertificate: join(folder, 'client.pem'), clientKey: join(folder, 'client.key') };
    const [server, first, second] = await Promise.all([authority.issue(), authority.issue(), authority.issue()]);
    const use = (client: Identity): void => {
      copyFileSync(client.certificateFile, files.clientCertificate);
      copyFileSync(client.keyFile, files.clientKey);
    };
    use(first);
    const backend = await backendOf({ tls: { server, clients: authority } });
    const span = tracesTo({
      ...settings(`https://localhost:${backend.port}`),
      OTEL_EXPORTER_OTLP_CERTIFICATE: authority.certificateFile,
      // By the variables for traces, which win.
      OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE: files.clientCertificate,
      OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY: files.clientKey,
    });
    expect(await span()).toEqual(taken);
    writeFileSync(files.clientCertificate, second.certificate.slice(0, 200));
    expect(await span()).toEqual(taken);
    expect(new Set(backend.seen.map(({ peer }) => peer)).size).toBe(1);
    use(second);
    expect(await span()).toEqual(taken);
    expect(new Set(backend.seen.map(({ peer }) => peer)).size).toBe(2);
  });

  test.each(['OTEL_EXPORTER_OTLP_HEADERS_FILE', 'OTEL_EXPORTER_OTLP_TRACES_HEADERS_FILE'])('headers in the file of %s are read before each batch', async (name) => {
    const folder = mkdtempSync(join(tmpdir(), 'headers-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'headers');
    const backend = await backendOf();
    writeFileSync(path, 'x-token=first\n');
    const span = tracesTo({ ...settings(`http://127.0.0.1:${backend.port}`), [name]: path });
    await span();
    await span();
    writeFileSync(path, 'x-token=second\n');
    await span();
    expect(backend.seen.map(({ token }) => token)).toEqual(['first', 'first', 'second']);
  });
});
