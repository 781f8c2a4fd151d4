import type { Resource } from '@opentelemetry/resources';
import { type ExportOutcome, isDelivered } from './export/outcome.ts';
import { Ledger, type Snapshot } from './ledger/ledger.ts';
import { TotalsProducer } from './metrics/totals.ts';
import type { Clock } from './model/clock.ts';
import { type Names, noNames } from './model/names.ts';
import type { Reading } from './model/reading.ts';
import { type ReportId, reportIds } from './model/report.ts';
import type { Poller } from './sources/poller.ts';

/** What {@link AgentTotals} is made of. */
export interface TotalsSettings {
  readonly account: string;
  /** Whether people's names and e-mail addresses become attributes. */
  readonly owners: boolean;
  readonly clock: Clock;
  /** Told what must never happen; the totals known so far stay in charge. */
  readonly onError: (error: unknown) => void;
}

/** An organization's totals on their way from readings to points. */
export class AgentTotals {
  readonly #settings: TotalsSettings;
  readonly #ledger = new Ledger();
  #names: Names = noNames;
  #unacknowledged: Snapshot | undefined;

  constructor(settings: TotalsSettings) {
    this.#settings = settings;
  }

  /** Takes the report and the names of a reading, where it has them. Never throws. */
  take({ report, names }: Reading): void {
    if (names !== undefined) this.#names = names;
    if (report === undefined) return;
    try {
      if (this.#ledger.apply(report) === 'gap') throw new RangeError(`report ${report.id} leaves a gap after what is known`);
    } catch (error) {
      this.#settings.onError(error);
    }
  }

  /**
   * The producer of the totals' points.
   * @param refresh reads a source if it is due; waits for no longer than a collection may, and never rejects.
   */
  producer(pollers: readonly Poller[], resource: Resource, refresh: (poller: Poller) => Promise<void>): TotalsProducer {
    const { account, owners, clock } = this.#settings;
    const own = pollers.filter(({ source }) => isReport(source.id) || source.id === 'anthropic-names');
    return new TotalsProducer({
      ledger: this.#ledger,
      account,
      owners,
      clock,
      resource,
      names: () => this.#names,
      async refreshed() {
        await Promise.all(own.map(refresh));
      },
      isFresh: (report) => own.some((poller) => poller.source.id === report && poller.isFresh),
      onSnapshot: (snapshot) => {
        this.#unacknowledged = snapshot;
      },
    });
  }

  /** What acknowledges the snapshot made last, unless another one has been made, or this one was delivered, since. */
  acknowledgement(): () => void {
    const snapshot = this.#unacknowledged;
    return () => {
      if (snapshot === undefined || this.#unacknowledged !== snapshot) return;
      this.#ledger.acknowledge(snapshot);
      this.#unacknowledged = undefined;
    };
  }

  /** A cycle has been delivered, or not: only what arrived in full is acknowledged. */
  delivered(outcome: ExportOutcome): void {
    if (this.#unacknowledged !== undefined && isDelivered(outcome)) this.#ledger.acknowledge(this.#unacknowledged);
    this.#unacknowledged = undefined;
  }
}

function isReport(id: string): id is ReportId {
  return reportIds.some((report) => report === id);
}
