import { type ExportOutcome, isDelivered } from '../export/outcome.ts';
import type { Poller } from '../sources/poller.ts';

/** Exit codes of every command (README, docs/configuration.md). */
export const exitCode = {
  delivered: 0,
  bug: 1,
  settings: 2,
  sourceFailed: 3,
  notDelivered: 4,
} as const;

/** One of {@link exitCode}. */
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** The code of one cycle: not delivered wins over a failed source. */
export function codeOf(pollers: readonly Poller[], outcome: ExportOutcome | undefined): ExitCode {
  if (outcome === undefined || !isDelivered(outcome)) return exitCode.notDelivered;
  return pollers.every((poller) => poller.last?.outcome === 'success') ? exitCode.delivered : exitCode.sourceFailed;
}
