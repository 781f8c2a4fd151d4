import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
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
  /** Names of the alerts it has loaded. */
  alertNames(): Promise<string[]>;
  stop(): Promise<void>;
}

/** The configuration that is shipped. */
export const shippedConfig = fileURLToPath(new URL('../../../deploy/prometheus/prometheus.yml', import.meta.url));

/** A cycle of the agent in a test is longer: what it exports for one cycle is scraped some times. */
const scrapeEveryMs = 200;

interface Configuration {
  readonly global: object;
  readonly rule_files: readonly string[];
  readonly scrape_configs: readonly [object];
}

/** Starts a Prometheus with the configuration that is shipped, but for target and interval; it ends with the test at the latest. */
export async function startPrometheus(scrapePort: number): Promise<Prometheus> {
  const shipped = parse(readFileSync(shippedConfig, 'utf8')) as Configuration;
  const { url, stop } = await launch(temporaryFolder(), {
    ...shipped,
    global: { ...shipped.global, scrape_interval: `${scrapeEveryMs}ms` },
    rule_files: shipped.rule_files.map((name) => join(dirname(shippedConfig), name)),
    scrape_configs: [{ ...shipped.scrape_configs[0], static_configs: [{ targets: [`127.0.0.1:${scrapePort}`] }] }],
  });
  return {
    async query(expression) {
      const series = await answerTo<{ metric: Labels; value: Sample }>(url, 'query', { query: expression }, 'vector');
      return series.map(({ metric, value: [, text] }) => ({ labels: metric, value: Number(text) }));
    },
    async samples(metric) {
      return rawSeries(await answerTo(url, 'query', { query: `${metric}[1d]` }, 'matrix'));
    },
    async alertNames() {
      const response = await fetch(`${url}/api/v1/rules?type=alert`);
      const { data } = (await response.json()) as { data: { groups: { rules: { name: string }[] }[] } };
      return data.groups.flatMap(({ rules }) => rules.map(({ name }) => name));
    },
    stop,
  };
}

/** A real Prometheus whose samples are all of the past. */
export interface PrometheusOfThePast {
  /** Answers a query as of an instant. */
  at(instant: Date, expression: string): Promise<InstantSeries[]>;
  /** Answers a query at each step from one instant to another. */
  between(from: Date, to: Date, stepSeconds: number, expression: string): Promise<RawSeries[]>;
}

/** Starts a Prometheus over samples in OpenMetrics' text format; it ends with the test at the latest, or where `cleanup` says. */
export async function startOverSamples(openMetrics: string, cleanup: Cleanup = onTestFinished): Promise<PrometheusOfThePast> {
  const folder = temporaryFolder(cleanup);
  // One block: promtool reads the whole file again for each.
  const options = ['--quiet', '--max-block-duration=2000h'];
  execFileSync(inject('promtool'), ['tsdb', 'create-blocks-from', 'openmetrics', ...options, openMetrics, join(folder, 'samples')], { stdio: 'pipe' });
  const { url } = await launch(folder, {}, ['--storage.tsdb.retention.time=1y'], cleanup);
  const seconds = (instant: Date): string => String(instant.getTime() / 1000);
  return {
    async at(instant, query) {
      const series = await answerTo<{ metric: Labels; value: Sample }>(url, 'query', { query, time: seconds(instant) }, 'vector');
      return series.map(({ metric, value: [, text] }) => ({ labels: metric, value: Number(text) }));
    },
    async between(from, to, stepSeconds, query) {
      return rawSeries(await answerTo(url, 'query_range', { query, start: seconds(from), end: seconds(to), step: String(stepSeconds) }, 'matrix'));
    },
  };
}

/** Takes what is to be done at the end. */
type Cleanup = (done: () => void | Promise<void>) => void;

function temporaryFolder(cleanup: Cleanup = onTestFinished): string {
  const folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
  cleanup(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** @param folder has its samples in `samples`. */
async function launch(
  folder: string,
  config: object,
  options: readonly string[] = [],
  cleanup: Cleanup = onTestFinished,
): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const file = join(folder, 'prometheus.yml');
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config));
  const args = [`--config.file=${file}`, `--storage.tsdb.path=${join(folder, 'samples')}`, '--web.listen-address=127.0.0.1:0', '--log.format=json', ...options];
  const child = spawn(inject('prometheus'), args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const hung = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(hung);
  };
  cleanup(stop);
  return { url: `http://${await listeningAddress(child)}`, stop };
}

/** Unix seconds, and the number as text. */
type Sample = readonly [seconds: number, text: string];

interface Answer<Series> {
  readonly status: string;
  readonly error?: string;
  readonly data?: { readonly resultType: string; readonly result: Series[] };
}

interface Matrix {
  readonly metric: Labels;
  readonly values: readonly Sample[];
}

function rawSeries(series: readonly Matrix[]): RawSeries[] {
  return series.map(({ metric: labels, values }) => ({ labels, values: values.map(([, text]) => Number(text)) }));
}

async function answerTo<Series>(url: string, path: 'query' | 'query_range', parameters: Readonly<Record<string, string>> & { readonly query: string }, type: string): Promise<Series[]> {
  // A form, as Grafana sends it: a query may be longer than an address.
  const response = await fetch(`${url}/api/v1/${path}`, { method: 'POST', body: new URLSearchParams(parameters) });
  const { data, error } = (await response.json()) as Answer<Series>;
  if (data?.resultType !== type) throw new Error(`${parameters.query} is answered with ${error ?? data?.resultType ?? response.status}`);
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
