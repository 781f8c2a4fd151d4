import type { Moment } from './probe.ts';

/** What a part of a cycle took. */
export interface PartFigures {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly mainCpuMs: number;
  /** Longest that the event loop was held up. */
  readonly heldUpMs: number;
}

/** A cycle, as far as its parts can be told apart from outside. */
export interface Cycle {
  /** From the first request to the Admin API to the end of the last answer. */
  readonly read: PartFigures;
  /** From there to the first request of the push: the last page, the ledger, the points. */
  readonly ledger: PartFigures;
  /** From there to the last acknowledgement. */
  readonly push: PartFigures;
  readonly whole: PartFigures;
  /** Most resident memory when a request of the read began or ended. */
  readonly readMiB: number;
  readonly adminRequests: number;
  readonly pushRequests: number;
}

/**
 * Groups what a probe told into cycles; the last may not have ended and is left out.
 * @param intervalMs time between two cycles: a request that comes sooner belongs to the one that has begun.
 */
export function cyclesOf(moments: readonly Moment[], intervalMs: number): Cycle[] {
  const groups: Moment[][] = [];
  for (const moment of moments) {
    const begunMs = groups.at(-1)?.[0]?.atMs ?? Number.NEGATIVE_INFINITY;
    // Cycles jitter.
    if (moment.peer === 'admin' && moment.what === 'start' && moment.atMs - begunMs > intervalMs * 0.9) groups.push([]);
    groups.at(-1)?.push(moment);
  }
  return groups.slice(0, -1).flatMap((group) => cycleOf(group) ?? []);
}

function cycleOf(moments: readonly Moment[]): Cycle | undefined {
  const [first, last] = [moments[0], moments.at(-1)];
  const lastAnswer = moments.findLastIndex(({ peer, what }) => peer === 'admin' && what === 'end');
  // A read that outlives its wait goes on during the push; that part of the push counts as read.
  const firstPush = moments.findIndex(({ peer }, index) => peer === 'push' && index > lastAnswer);
  if (first === undefined || last === undefined || firstPush < 0 || lastAnswer < 0) return undefined;
  const part = (from: number, to: number): PartFigures => {
    const [begin, end] = [moments[from] ?? first, moments[to] ?? last];
    return {
      wallMs: end.atMs - begin.atMs,
      cpuMs: end.cpuMs - begin.cpuMs,
      mainCpuMs: end.mainCpuMs - begin.mainCpuMs,
      heldUpMs: Math.max(0, ...moments.slice(from + 1, to + 1).map(({ heldUpMs }) => heldUpMs)),
    };
  };
  const started = (peer: Moment['peer']): number => moments.filter((moment) => moment.peer === peer && moment.what === 'start').length;
  return {
    read: part(0, lastAnswer),
    ledger: part(lastAnswer, firstPush),
    push: part(firstPush, moments.length - 1),
    whole: part(0, moments.length - 1),
    readMiB: Math.max(...moments.slice(0, lastAnswer + 1).map(({ residentMiB }) => residentMiB)),
    adminRequests: started('admin'),
    pushRequests: started('push'),
  };
}
