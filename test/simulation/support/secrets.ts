import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { AgentOptions } from '../../../src/agent.ts';
import type { FileSystem } from '../../../src/state/file-system.ts';
import { Broken } from '../../totals/support/broken.ts';
import { canaries, session } from '../../support/canaries.ts';
import { Exits } from '../../support/secret-scan.ts';
import { keepTraces } from '../../support/spans.ts';

/** A session of the simulated account, as it is handed out and sent: with a canary in it. */
export function disguised(text: string): string {
  return text.replaceAll('sk-ant-sid01-demo', session.value);
}

/** Everything that leaves the agents of one schedule, to be searched for secrets at its end. */
export class SecretSearch {
  readonly #exits = new Exits();
  readonly #traces = keepTraces();
  readonly #seen = new WeakSet<object>();

  /** A log whose lines are kept too. */
  ofLines(write: (line: string) => void): (line: string) => void {
    return (line) => {
      this.#exits.add('log', line);
      write(line);
    };
  }

  /** An agent whose metrics and spans are kept too. */
  ofAgent(options: AgentOptions): AgentOptions {
    const { watch } = options;
    return {
      ...options,
      traces: this.#traces.open,
      watch: {
        collected: (metrics, ...how) => {
          if (metrics !== undefined) this.#keepAttributes(metrics);
          watch?.collected(metrics, ...how);
        },
        delivered: (...how) => watch?.delivered(...how),
      },
    };
  }

  /** A disk of which all that is written is kept. */
  ofDisk(disk: FileSystem): FileSystem {
    return {
      ...disk,
      open: async (path, flags, mode) => {
        const file = await disk.open(path, flags, mode);
        return {
          ...file,
          write: (bytes) => {
            this.#exits.add('state', Buffer.from(bytes).toString('latin1'));
            return file.write(bytes);
          },
        };
      },
    };
  }

  /** @throws {Broken} when a secret has left. */
  check(): void {
    for (const { name, attributes, status, events } of this.#traces.ended()) this.#exits.add('spans', [name, attributes, status, events]);
    const { used } = this.#exits;
    const [leak] = this.#exits.scan(canaries);
    if (leak !== undefined) throw new Broken(`${leak.secret} has left as ${leak.form} in ${leak.way}: ${leak.excerpt}`);
    for (const way of ['log', 'pushes', 'spans'] as const) if (!used.includes(way)) throw new Broken(`nothing has left in ${way}`);
  }

  /** They are interned: each set is looked at once. */
  #keepAttributes({ resource, scopeMetrics }: ResourceMetrics): void {
    this.#exits.add('pushes', resource.attributes);
    for (const { dataPoints } of scopeMetrics.flatMap(({ metrics }) => metrics)) {
      for (const { attributes } of dataPoints) {
        if (this.#seen.has(attributes)) continue;
        this.#seen.add(attributes);
        this.#exits.add('pushes', attributes);
      }
    }
  }
}
