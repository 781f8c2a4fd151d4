import { resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOnSampler, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import { expect, test } from 'vitest';
import { spanLines } from '../../src/export/span-lines.ts';
import { Traces } from '../../src/telemetry/traces.ts';

test('each span is a line: trace, span, parent, name, attributes, milliseconds, whether it failed', () => {
  const lines: string[] = [];
  const exporter = spanLines((text) => lines.push(text));
  const traces = new Traces({
    resource: () => resourceFromAttributes({}),
    version: '0',
    processors: [new SimpleSpanProcessor({ exporter })],
    sampler: new AlwaysOnSampler(),
  });
  const root = traces.start({ name: 'collect' });
  traces.inside(root, () => {
    const read = traces.start({ name: 'read openrouter', attributes: { source: 'openrouter' } });
    read.failed('timeout');
    read.end();
  });
  root.end();
  const [, traceId = '', rootId = ''] = /^00-(\w+)-(\w+)-01$/.exec(root.traceparent ?? '') ?? [];
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(new RegExp(`^${traceId} \\w{16} ${rootId} read openrouter\\{"source":"openrouter","error.type":"timeout"\\} [\\d.]+ ms failed\\n$`));
  expect(lines[1]).toMatch(new RegExp(`^${traceId} ${rootId} - collect\\{\\} [\\d.]+ ms\\n$`));
});
