import type { Counter, Histogram, Meter, MetricOptions, ObservableGauge, UpDownCounter } from '@opentelemetry/api';
import { ValueType } from '@opentelemetry/api';
import { type GaugeName, gaugeNames } from '../model/gauge-names.ts';
import { type MetricSpec, agentSpecs, durationBounds, gaugeSpecs } from './catalogue.ts';

type AgentMetric = keyof typeof agentSpecs;
type AgentMetricOf<Kind> = { [K in AgentMetric]: (typeof agentSpecs)[K]['kind'] extends Kind ? K : never }[AgentMetric];

/** Every instrument, made from the catalogue, on one Meter. */
export interface Instruments {
  gauge(name: GaugeName | AgentMetricOf<'gauge'>): ObservableGauge;
  counter(name: AgentMetricOf<'counter'>): Counter;
  upDownCounter(name: AgentMetricOf<'up-down counter'>): UpDownCounter;
  histogram(name: AgentMetricOf<'histogram'>): Histogram;
  /** Every gauge a source’s callback may observe. */
  readonly sourceGauges: readonly ObservableGauge[];
}

/** Makes the instruments. All of them stand on one Meter: the SDK starts Meters at the same moment, and waits for none. */
export function createInstruments(meter: Meter): Instruments {
  const gauges = new Map<string, ObservableGauge>();
  const counters = new Map<string, Counter>();
  const upDownCounters = new Map<string, UpDownCounter>();
  const histograms = new Map<string, Histogram>();
  for (const name of gaugeNames) gauges.set(name, meter.createObservableGauge(name, options(gaugeSpecs[name])));
  for (const [name, spec] of Object.entries(agentSpecs)) {
    if (spec.kind === 'gauge') gauges.set(name, meter.createObservableGauge(name, options(spec)));
    else if (spec.kind === 'counter') counters.set(name, meter.createCounter(name, options(spec)));
    else if (spec.kind === 'up-down counter') upDownCounters.set(name, meter.createUpDownCounter(name, options(spec)));
    else {
      const advice = { explicitBucketBoundaries: [...durationBounds] };
      histograms.set(name, meter.createHistogram(name, { ...options(spec), advice }));
    }
  }
  const gauge = from(gauges);
  return {
    gauge,
    counter: from(counters),
    upDownCounter: from(upDownCounters),
    histogram: from(histograms),
    sourceGauges: [
      ...gaugeNames.map(gauge),
      gauge('claude_usage_metrics.source.up'),
      gauge('claude_usage_metrics.source.last_success_timestamp'),
    ],
  };
}

function options(spec: MetricSpec): MetricOptions {
  return {
    description: spec.description,
    unit: spec.unit,
    valueType: spec.valueType === 'int' ? ValueType.INT : ValueType.DOUBLE,
  };
}

function from<T>(instruments: ReadonlyMap<string, T>): (name: string) => T {
  return (name) => {
    const instrument = instruments.get(name);
    if (instrument === undefined) throw new Error(`${name} is not in the catalogue`);
    return instrument;
  };
}
