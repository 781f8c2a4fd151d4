import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { AgentOptions } from '../../../src/agent.ts';
import type { FileSystem } from '../../../src/state/file-system.ts';
import { Broken } from '../../totals/support/broken.ts';
import { canaries, session } from '../../support/canaries.ts';
import { Exits } from '../../support/secret-scan.ts';
import { keepTraces } from '../../support/spans.ts';

/** What has left since the last look. */
let exits = new Exits();
let traces = keepTraces();
let seen = new WeakSet<object>();

/** A session of the simulated account, as it is handed out and sent: with a canary in it. */
export function disguised(text: string): string {
  return text.replaceAll('sk-ant-sid01-demo', session.value);
}

/** A log whose lines are kept too. */
export function keptLines(write: (line: string) => void): { write(line: string): void } {
  return {
    write(line) {
      exits.add('log', line);
      write(line);
    },
  };
}

/** An agent whose metrics and spans are kept too. */
export function kept(options: AgentOptions): AgentOptions {
  const { watch } = options;
  return {
    ...options,
    traces: traces.open,
    watch: {
      collected(metrics, durationMs) {
        if (metrics !== undefined) keepAttributes(metrics);
        watch?.collected(metrics, durationMs);
      },
      delivered: (...how) => watch?.delivered(...how),
    },
  };
}

/** They are interned: each set is looked at once. */
function keepAttributes({ resource, scopeMetrics }: ResourceMetrics): void {
  exits.add('pushes', resource.attributes);
  for (const { dataPoints } of scopeMetrics.flatMap(({ metrics }) => metrics)) {
    for (const { attributes } of dataPoints) {
      if (seen.has(attributes)) continue;
      seen.add(attributes);
      exits.add('pushes', attributes);
    }
  }
}

/** A disk of which all that is written is kept. */
export function keptWrites(disk: FileSystem): FileSystem {
  return {
    ...disk,
    async open(path, flags, mode) {
      const file = await disk.open(path, flags, mode);
      return {
        ...file,
        write: (bytes) => {
          exits.add('state', Buffer.from(bytes).toString('latin1'));
          return file.write(bytes);
        },
      };
    },
  };
}

/** @throws {Broken} when a secret has left the agent since the last look. */
export function checkSecrets(): void {
  for (const { name, attributes, status, events } of traces.ended()) exits.add('spans', [name, attributes, status, events]);
  const { used } = exits;
  const [leak] = exits.scan(canaries);
  exits = new Exits();
  traces = keepTraces();
  seen = new WeakSet();
  if (leak !== undefined) throw new Broken(`${leak.secret} has left as ${leak.form} in ${leak.way}: ${leak.excerpt}`);
  for (const way of ['log', 'pushes', 'spans'] as const) if (!used.includes(way)) throw new Broken(`nothing has left in ${way}`);
}
