import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject, onTestFinished } from 'vitest';
import { parse } from 'yaml';

export type Labels = Readonly<Record<string, string>>;

/** One series of an answer at one instant. */
export interface InstantSeries {
  readonly labels: Labels;
  readonly value: number;
}

/** One series with every sample that was scraped of it, oldest first. */
export interface RawSeries {
  readonly labels: Labels;
  readonly values: readonly number[];
}

/** A real Prometheus on loopback. */
export interface Prometheus {
  /** Answers a query whose result is a vector, as of now; in the order of the answer, which `topk` gives a meaning. */
  query(expression: string): Promise<InstantSeries[]>;
  /** Every sample of a metric, as it was scraped. */
  samples(metric: string): Promise<RawSeries[]>;
  stop(): Promise<void>;
}

/** The configuration that is shipped. */
export const shippedConfig = fileURLToPath(new URL('../../../deploy/prometheus/prometheus.yml', import.meta.url));

/** A cycle of the agent in a test is longer: what it exports for one cycle is scraped some times. */
const scrapeEveryMs = 200;

interface Configuration {
  readonly global: object;
  readonly scrape_configs: readonly [object];
}

/** Starts a Prometheus with the configuration that is shipped, but for target and interval; it ends with the test at the latest. */
export async function startPrometheus(scrapePort: number): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const shipped = parse(readFileSync(shippedConfig, 'utf8')) as Configuration;
  const config = {
    ...shipped,
    global: { ...shipped.global, scrape_interval: `${scrapeEveryMs}ms` },
    scrape_configs: [{ ...shipped.scrape_configs[0], static_configs: [{ targets: [`127.0.0.1:${scrapePort}`] }] }],
  };
  const file = join(folder, 'prometheus.yml');
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config));
  const args = [`--config.file=${file}`, `--storage.tsdb.path=${join(folder, 'samples')}`, '--web.listen-address=127.0.0.1:0', '--log.format=json'];
  const child = spawn(inject('prometheus'), args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const hung = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(hung);
  };
  onTestFinished(stop);
  const url = `http://${await listeningAddress(child)}`;
  return {
    async query(expression) {
      const series = await answerTo<{ metric: Labels; value: Sample }>(url, expression, 'vector');
      return series.map(({ metric, value: [, text] }) => ({ labels: metric, value: Number(text) }));
    },
    async samples(metric) {
      const series = await answerTo<{ metric: Labels; values: Sample[] }>(url, `${metric}[1d]`, 'matrix');
      return series.map(({ metric: labels, values }) => ({ labels, values: values.map(([, text]) => Number(text)) }));
    },
    stop,
  };
}

/** Unix seconds, and the number as text. */
type Sample = readonly [seconds: number, text: string];

interface Answer<Series> {
  readonly status: string;
  readonly error?: string;
  readonly data?: { readonly resultType: string; readonly result: Series[] };
}

async function answerTo<Series>(url: string, query: string, type: string): Promise<Series[]> {
  const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query }).toString()}`);
  const { data, error } = (await response.json()) as Answer<Series>;
  if (data?.resultType !== type) throw new Error(`${query} is answered with ${error ?? data?.resultType ?? response.status}`);
  return data.result;
}

/** The log tells the address, and later that all is up. */
function listeningAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let log = '';
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`Prometheus ended with ${code ?? 'a signal'}:\n${log}`)));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      const line = log.split('\n').find((candidate) => candidate.includes('"Listening on"'));
      if (line === undefined || !log.includes('Server is ready to receive web requests')) return;
      const { address } = JSON.parse(line) as { readonly address: string };
      resolve(address);
    });
  });
}
