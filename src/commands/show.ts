import type { CommandContext } from './context.ts';
import { plainText } from './plain.ts';
import { type Report, jsonText } from './report.ts';

/** Prints a report as it is wanted: JSON, drawn for a person, or plain. */
export async function show(report: Report, { json, screen, write }: Pick<CommandContext, 'json' | 'screen' | 'write'>): Promise<void> {
  if (json) write(jsonText(report));
  else if (screen === undefined) write(plainText(report));
  else write((await import('./terminal/report.ts')).drawReport(report, screen));
}
