import { attributeSet } from '../../model/attributes.ts';
import { parseCentsNumber } from '../../model/money.ts';
import type { Cell, TotalName } from '../../model/report.ts';
import { SourceError } from '../../model/source-error.ts';
import { cleanText, slug } from '../../model/text.ts';
import { attributeText, objectOf, textInstants } from '../fields.ts';

type Fields = ReadonlyMap<string, unknown>;

const tokenTypes = ['input', 'output', 'cache_read', 'cache_creation'] as const;
const decisions = ['accepted', 'rejected'] as const;

/**
 * Records of one UTC day of `usage_report/claude_code` as cells, a record a step. Records that share an identity, such as the remote and
 * the local use of one person, are added by the ledger.
 * @param owners whether people's e-mail addresses become attributes.
 * @throws {SourceError} `schema` for a record of another day, and for numbers that are missing or cannot be read.
 */
export function* claudeCodeCells(rows: readonly unknown[], dayMs: number, owners: boolean): Generator<void, Cell[]> {
  const bucketStart = new Date(dayMs);
  const instantOf = textInstants();
  const cells: Cell[] = [];
  for (const one of rows) {
    const row = objectOf(one);
    if (row === undefined) throw new SourceError('schema', 'the Claude Code report has a record that is no object');
    if (instantOf(row.get('date')) !== dayMs) {
      throw new SourceError('schema', 'the Claude Code report has a record of a day that was not asked for');
    }
    const ids = identityOf(row, owners);
    for (const { metric, value, ...kind } of valuesOf(row)) {
      if (value !== 0n) cells.push({ metric, bucketStart, attributes: attributeSet({ ...ids, ...kind }), value });
    }
    yield;
  }
  return cells;
}

interface Value {
  readonly metric: TotalName;
  readonly value: bigint;
  readonly type?: string;
  readonly tool?: string;
  readonly decision?: string;
  readonly model?: string;
}

function valuesOf(row: Fields): Value[] {
  const core = part(row, 'core_metrics');
  const lines = part(core, 'lines_of_code');
  return [
    { metric: 'claude.analytics.code.sessions', value: count(core, 'num_sessions') },
    { metric: 'claude.analytics.code.lines', type: 'added', value: count(lines, 'added') },
    { metric: 'claude.analytics.code.lines', type: 'removed', value: count(lines, 'removed') },
    { metric: 'claude.analytics.code.commits', value: count(core, 'commits_by_claude_code') },
    { metric: 'claude.analytics.code.pull_requests', value: count(core, 'pull_requests_by_claude_code') },
    ...toolDecisions(part(row, 'tool_actions')),
    ...modelValues(row.get('model_breakdown')),
  ];
}

/** Which tools there are is open. */
function toolDecisions(actions: Fields): Value[] {
  return [...actions.keys()].flatMap((key) => {
    const action = part(actions, key);
    const tool = slug(key);
    if (tool === '') throw unreadable('tool');
    return decisions.map((decision): Value => {
      return { metric: 'claude.analytics.code.tool_decisions', tool, decision, value: count(action, decision) };
    });
  });
}

function modelValues(breakdown: unknown): Value[] {
  if (!Array.isArray(breakdown)) throw unreadable('model_breakdown');
  return breakdown.flatMap((one: unknown) => {
    const fields = objectOf(one);
    if (fields === undefined) throw unreadable('model_breakdown');
    const model = optionalText(fields, 'model');
    const tokens = part(fields, 'tokens');
    const cost = part(fields, 'estimated_cost');
    const cents = parseCentsNumber(cost.get('amount'));
    if (cents === undefined) throw unreadable('estimated_cost');
    if (cost.get('currency') !== 'USD') throw new SourceError('schema', 'the Claude Code report has a currency other than USD');
    const of = model === undefined ? {} : { model };
    return [
      ...tokenTypes.map((type): Value => ({ metric: 'claude.analytics.code.tokens', type, ...of, value: count(tokens, type) })),
      { metric: 'claude.analytics.code.cost', ...of, value: cents } satisfies Value,
    ];
  });
}

function identityOf(row: Fields, owners: boolean): Record<string, string | undefined> {
  const actor = part(row, 'actor');
  const actorType = optionalText(actor, 'type');
  if (actorType === undefined) throw unreadable('actor');
  const email = optionalText(actor, 'email_address');
  return {
    actor_type: actorType,
    actor_email: owners ? email : undefined,
    api_key_name: optionalText(actor, 'api_key_name'),
    terminal_type: optionalText(row, 'terminal_type'),
    customer_type: optionalText(row, 'customer_type'),
  };
}

function part(fields: Fields, name: string): Fields {
  const found = objectOf(fields.get(name));
  if (found === undefined) throw unreadable(name);
  return found;
}

function count(fields: Fields, name: string): bigint {
  const value = fields.get(name);
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw unreadable(name);
  return BigInt(value);
}

/** Text that may be missing, null or empty: then nothing is said. */
function optionalText(fields: Fields, name: string): string | undefined {
  const value = fields.get(name) ?? '';
  if (typeof value !== 'string') throw unreadable(name);
  return attributeText(value);
}

function unreadable(field: string): SourceError {
  return new SourceError('schema', `the Claude Code report has a record whose ${cleanText(field)} cannot be read`);
}
