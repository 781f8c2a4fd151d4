/*
 * node bench/scrape.ts: what scrapes of a very large organization cost: a quarter of a million series are made up, and readers are
 * threads of their own. The longest wait is that of anything else on the agent's thread, the reader's start included.
 */
import { ValueType } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AggregationTemporality, DataPointType, type DataPoint, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { systemClock } from '../src/model/clock.ts';
import { Cycles } from '../src/server/cycles.ts';
import { metricsRoute } from '../src/server/metrics.ts';
import { startServer } from '../src/server/server.ts';
import { type Row, table } from './table.ts';

const series = 250_000;
const runs = 5;

function point(index: number): DataPoint<number> {
  const attributes = {
    account: 'default',
    model: 'claude-opus-4-1-20250805',
    api_key_id: `apikey_01${index}`,
    api_key_name: `key number ${index}`,
    owner_email: `owner${index}@example.com`,
    owner_name: `Owner ${index}`,
    workspace_id: 'wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ',
    workspace_name: 'Production',
    service_tier: 'standard',
    context_window: '0-200k',
    type: 'cache_creation',
    cache_ttl: '5m',
    period: '2026-11',
  };
  return { startTime: [0, 0], endTime: [0, 0], attributes, value: index * 1_234_567 };
}

const metrics: ResourceMetrics = {
  resource: resourceFromAttributes({}),
  scopeMetrics: [
    {
      scope: { name: 'bench' },
      metrics: [
        {
          descriptor: { name: 'claude.tokens', unit: '{token}', description: 'Tokens.', valueType: ValueType.INT },
          dataPointType: DataPointType.SUM,
          isMonotonic: true,
          aggregationTemporality: AggregationTemporality.CUMULATIVE,
          dataPoints: Array.from({ length: series }, (_, index) => point(index)),
        },
      ],
    },
  ],
};

const reader = `
const { request } = require('node:http');
const { parentPort, workerData } = require('node:worker_threads');
let bytes = 0;
request(workerData.url, { headers: workerData.headers }, (response) => {
  response.on('data', (chunk) => (bytes += chunk.length));
  response.on('end', () => parentPort.postMessage(bytes));
}).end();`;

/** Reads it once, to the end; the bytes on the wire. */
function scrape(url: string, headers: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve, reject) => {
    new Worker(reader, { eval: true, workerData: { url, headers } }).once('message', resolve).once('error', reject);
  });
}

const cycles = new Cycles({ clock: systemClock, intervalMs: 3_600_000, timeoutMs: 1, readDeadlineMs: 1, pushes: false });
cycles.collected(metrics, 0);
const onError = (error: unknown): never => {
  throw error;
};
const server = await startServer({ host: '127.0.0.1', port: 0, loopback: true, routes: [metricsRoute({ cycles })], onError });
const rows: Row[] = [];
for (const [what, scrapers, headers] of [
  ['a scrape', 1, {}],
  ['a scrape with gzip', 1, { 'accept-encoding': 'gzip' }],
  ['ten scrapes at once', 10, {}],
] as const) {
  const times: number[] = [];
  const waits: number[] = [];
  const bytes: number[] = [];
  for (let run = 0; run < runs; run++) {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const startedMs = performance.now();
    bytes.push(...(await Promise.all(Array.from({ length: scrapers }, () => scrape(`${server.url}/metrics`, headers)))));
    times.push(performance.now() - startedMs);
    waits.push(delay.max / 1e6);
    delay.disable();
  }
  rows.push({ what: `${what} of ${series} series`, unit: 'ms', values: times }, { what: '  longest wait of others', unit: 'ms', values: waits }, { what: '  each', unit: 'bytes', values: bytes });
}
await server.stop();
process.stdout.write(`${table(rows)}\n`);
