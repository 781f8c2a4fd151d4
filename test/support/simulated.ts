import { type Receiver, type ReceiverOptions, startReceiver } from '../../src/demo/receiver.ts';
import { type Upstreams, startUpstreams } from '../../src/demo/upstreams.ts';
import { World } from '../../src/demo/world.ts';
import { type Clock, systemClock } from '../../src/model/clock.ts';

/** A clock that a test sets. */
export class TestClock implements Clock {
  #ms = 0;
  readonly #startsAt: Date;

  constructor(startsAt: Date) {
    this.#startsAt = startsAt;
  }

  now(): Date {
    return new Date(this.#startsAt.getTime() + this.#ms);
  }

  monotonicMs(): number {
    return this.#ms;
  }

  /** Lets time pass. */
  advance(ms: number): void {
    this.#ms += ms;
  }
}

/** All that the agent talks to, simulated, with a world that stands still unless the clock is the machine's. */
export interface Simulated {
  readonly world: World;
  readonly upstreams: Upstreams;
  readonly receiver: Receiver;
  /** Settings that lead the agent to all of it. */
  readonly settings: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Starts upstreams and a receiver. */
export async function startSimulated(options: { readonly receiver?: ReceiverOptions; readonly clock?: Clock } = {}): Promise<Simulated> {
  const world = new World({ seed: 1, clock: options.clock ?? systemClock, speed: 1 });
  const [upstreams, receiver] = await Promise.all([startUpstreams(world), startReceiver(options.receiver)]);
  return {
    world,
    upstreams,
    receiver,
    settings: { ...upstreams.settings, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.port}` },
    async stop() {
      receiver.stop();
      await upstreams.stop();
    },
  };
}
