import { type MetricReader, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import type { DeliveringExporter } from './exporter.ts';

/** What a {@link CycleReader} is made of. */
export interface ReaderOptions {
  readonly exporter: DeliveringExporter;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Told how long each collection took. */
  readonly onCollected: (durationMs: number) => void;
}

/** The one reader: collects at each interval and hands over to the exporter. */
export class CycleReader extends PeriodicExportingMetricReader {
  readonly #onCollected: (durationMs: number) => void;

  constructor({ exporter, intervalMs, timeoutMs, onCollected }: ReaderOptions) {
    super({ exporter, exportIntervalMillis: intervalMs, exportTimeoutMillis: timeoutMs });
    this.#onCollected = onCollected;
  }

  override async collect(options?: Parameters<MetricReader['collect']>[0]): ReturnType<MetricReader['collect']> {
    const startedMs = performance.now();
    try {
      return await super.collect(options);
    } finally {
      this.#onCollected(performance.now() - startedMs);
    }
  }
}
