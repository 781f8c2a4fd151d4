import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject, onTestFinished } from 'vitest';
import { type WrittenRequest, readRequests } from './otlp-json.ts';
import { closedPort } from './peers.ts';

/** What a Collector is started with. */
export interface CollectorOptions {
  /** Port of the gRPC receiver; 0 is any free one. */
  readonly grpcPort?: number;
  /** TLS of both receivers; with `client_ca_file` they want a client's certificate. */
  readonly tls?: { readonly cert_file: string; readonly key_file: string; readonly client_ca_file?: string };
  /** The gRPC receiver wants this bearer token. */
  readonly token?: string;
  /** Path of the HTTP receiver, in place of /v1/metrics. */
  readonly httpPath?: string;
}

/** A real OpenTelemetry Collector on loopback, which writes what it gets to a file. */
export interface Collector {
  readonly grpcPort: number;
  readonly httpPort: number;
  /** What it has written so far; it writes ten times a second, and at its end. */
  requests(): WrittenRequest[];
  /** Ends it; what it received is then written. */
  stop(): Promise<void>;
}

/** Starts a Collector, which ends with the test at the latest. */
export async function startCollector(options: CollectorOptions = {}): Promise<Collector> {
  const folder = mkdtempSync(join(tmpdir(), 'otelcol-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'metrics.jsonl');
  const started = await startConfigured([], configuration(options, file));
  return { ...started, requests: () => readRequests(file) };
}

const shippedConfig = fileURLToPath(new URL('../../../deploy/collector/config.yaml', import.meta.url));

/** Starts the Collector of the compose file on free ports, and tells where Prometheus would scrape it; Jaeger is not there. */
export async function startShippedCollector(): Promise<Omit<Collector, 'requests'> & { readonly scrapePort: number }> {
  const scrapePort = await closedPort();
  const loopback = { endpoint: '127.0.0.1:0' };
  const started = await startConfigured([shippedConfig], {
    receivers: { otlp: { protocols: { grpc: loopback, http: loopback } } },
    exporters: { prometheus: { endpoint: `127.0.0.1:${scrapePort}` }, 'otlp_grpc/jaeger': { endpoint: '127.0.0.1:9' } },
  });
  return { ...started, scrapePort };
}

/**
 * Starts a Collector with configuration files as they are.
 * @param overrides goes over the files, by key.
 */
async function startConfigured(files: readonly string[], overrides: object): Promise<Omit<Collector, 'requests'>> {
  // JSON is YAML.
  const configs = [...files, `yaml:${JSON.stringify({ service: { telemetry } })}`, `yaml:${JSON.stringify(overrides)}`].flatMap((config) => ['--config', config]);
  const child = spawn(inject('otelcol'), configs, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const hung = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(hung);
  };
  onTestFinished(stop);
  const log = await readyLog(child);
  return { grpcPort: boundPort(log, 'Starting GRPC server'), httpPort: boundPort(log, 'Starting HTTP server'), stop };
}

/** Its own metrics would want a port; its log is read for the ports that it has. */
const telemetry = { metrics: { level: 'none' }, logs: { encoding: 'json' } };

function configuration({ grpcPort = 0, tls, token, httpPath }: CollectorOptions, file: string): object {
  const grpc = {
    endpoint: `127.0.0.1:${grpcPort}`,
    ...(tls && { tls }),
    ...(token !== undefined && { auth: { authenticator: 'bearertokenauth' } }),
  };
  const http = {
    endpoint: '127.0.0.1:0',
    ...(tls && { tls }),
    ...(httpPath !== undefined && { metrics_url_path: httpPath }),
  };
  return {
    ...(token !== undefined && { extensions: { bearertokenauth: { token } } }),
    receivers: { otlp: { protocols: { grpc, http } } },
    exporters: { file: { path: file, flush_interval: '100ms' } },
    service: {
      ...(token !== undefined && { extensions: ['bearertokenauth'] }),
      pipelines: { metrics: { receivers: ['otlp'], exporters: ['file'] } },
    },
  };
}

/** The log up to the line that says that all is up. */
function readyLog(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let log = '';
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`the Collector ended with ${code ?? 'a signal'}:\n${log}`)));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      if (log.includes('Everything is ready')) resolve(log);
    });
  });
}

function boundPort(log: string, message: string): number {
  const line = log.split('\n').find((candidate) => candidate.includes(message));
  const { endpoint } = JSON.parse(line ?? '{}') as { endpoint?: string };
  return Number(endpoint?.split(':').at(-1));
}
