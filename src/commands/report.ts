import type { SourceReport } from './source-report.ts';
import type { DeliveryReport } from './delivery-report.ts';
import type { ExitCode } from './exit-code.ts';

/** What `once` and `check` found; `--json` prints it as it is, so that its names and shape stay. */
export interface Report {
  readonly command: 'once' | 'check';
  readonly exitCode: ExitCode;
  /** RFC 3339; the instant that the points are true at. Null where wrong settings let nothing be tried. */
  readonly at: string | null;
  /** Wrong settings. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  readonly sources: readonly SourceReport[];
  /** Null without an OTLP backend. */
  readonly delivery: DeliveryReport | null;
  /** The same of the agent’s own traces, as `check` found it; costs no exit code. Null without such a backend, and of `once`. */
  readonly traces: DeliveryReport | null;
}

/** The report of settings that let nothing be tried. */
export function unusable(command: Report['command'], problems: readonly string[]): Report {
  return { command, exitCode: 2, at: null, problems, warnings: [], sources: [], delivery: null, traces: null };
}

/** A report for scripts: one JSON document. */
export function jsonText(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}
