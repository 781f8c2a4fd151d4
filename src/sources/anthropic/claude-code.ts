import { dayMs, dayStart } from '../../model/calendar.ts';
import type { ReadContext, Reading, Source } from '../../model/reading.ts';
import type { Cell, Report } from '../../model/report.ts';
import { inSlices } from '../../model/slices.ts';
import { claudeCodeCells } from './claude-code-rows.ts';
import type { AnthropicSourceOptions } from './index.ts';
import { allRows, tokenPage } from './pages.ts';
import { isTooMuch, utcDate } from './queries.ts';
import { OptionalPart } from './withheld.ts';

const path = 'organizations/usage_report/claude_code';

/** Pages are made smaller at most so often in one read. */
const mostNarrowings = 2;

/** Most records a page may have (the API's limit). */
const maxRecords = 1000;

/** What Claude Code did for an organization's people (`usage_report/claude_code`), of today and yesterday: a day a request. */
export function anthropicClaudeCodeSource({ account, intervalMs, client, owners }: AnthropicSourceOptions & { readonly owners: boolean }): Source {
  const part = new OptionalPart(`this key may not read /v1/${path}: claude.analytics.code.* is left out`);
  let limit = maxRecords;

  async function day(startMs: number, context: ReadContext): Promise<unknown[]> {
    for (let narrowings = 0; ; narrowings++) {
      try {
        return await allRows(path, async (cursor) => {
          const query = new URLSearchParams({ starting_at: utcDate(startMs), limit: String(limit) });
          if (cursor !== undefined) query.set('page', cursor);
          return tokenPage(await client.get(path, query, context), path);
        });
      } catch (error) {
        if (!isTooMuch(error) || limit === 1) throw error;
        limit = Math.ceil(limit / 2);
        if (narrowings === mostNarrowings) throw error;
      }
    }
  }

  async function report(context: ReadContext): Promise<Report> {
    const today = dayStart(context.now.getTime());
    const days = [today - dayMs, today];
    const ofDays: Cell[][] = [];
    for (const startMs of days) ofDays.push(await inSlices(claudeCodeCells(await day(startMs, context), startMs, owners)));
    // What was too much for it once need not be for ever.
    limit = Math.min(maxRecords, limit * 2);
    // With and without people the same ids are other sums.
    const grouping = `actor_type,${owners ? 'actor_email,' : ''}api_key_name,terminal_type,customer_type`;
    return { id: 'anthropic-claude-code', grouping, from: new Date(today - dayMs), to: new Date(today + dayMs), cells: ofDays.flat() };
  }

  return {
    id: 'anthropic-claude-code',
    account,
    intervalMs,
    async read(context: ReadContext): Promise<Reading> {
      const found = await part.read(context, () => report(context));
      if (found.notice !== undefined) return { at: context.now, gauges: [], failures: [], notices: [found.notice] };
      return { at: context.now, gauges: [], report: found.value, failures: [], notices: [] };
    },
  };
}
