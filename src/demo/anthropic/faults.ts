import { type AdminRequest, tooMany } from './api.ts';
import { errorAnswer } from './answers.ts';
import type { PlainAnswer } from '../http-server.ts';

/** What can be wrong with an answer. */
export const adminFaults = [
  'rate_limited',
  'rate_limited_retry_after',
  'api_error',
  'overloaded',
  'timeout',
  'html_200',
  'html_502',
  'cut_json',
  'empty_body',
  'connection_lost',
  'cursor_expired',
  'cursor_repeated',
  'bucket_missing',
  'bucket_duplicated',
  'count_null',
  'count_negative',
  'count_huge',
  'amount_exponent',
  'amount_text',
] as const;

/** One of {@link adminFaults}. */
export type AdminFault = (typeof adminFaults)[number];

/** The connection broke before an answer came. */
export class ConnectionLost extends Error {
  readonly code = 'ECONNRESET';

  constructor() {
    super('socket hang up');
  }
}

/** A request that a fault is laid on, and when. */
export interface FaultyRequest extends AdminRequest {
  readonly nowMs: number;
}

/** Draws a fault for a request with a chance of `share`; undefined: nothing is wrong. */
export function drawFault(random: () => number, share: number, among: readonly AdminFault[] = adminFaults): AdminFault | undefined {
  return random() < share ? among[Math.floor(random() * among.length)] : undefined;
}

/**
 * The answer with a fault laid on it. One that does not apply to this answer, such as a broken amount in a list of keys,
 * leaves it as it is; so does every fault that needs a body on an error.
 * @param random chooses the row or bucket that breaks.
 * @throws {ConnectionLost} for `connection_lost`.
 */
export function layFault(fault: AdminFault, request: FaultyRequest, answer: PlainAnswer, random: () => number): PlainAnswer {
  return replaced(fault, request) ?? damaged(fault, request, answer, random);
}

/** Faults that stand in for the whole answer. */
function replaced(fault: AdminFault, { nowMs, path }: FaultyRequest): PlainAnswer | undefined {
  const headers = { date: new Date(nowMs).toUTCString() };
  switch (fault) {
    case 'rate_limited':
      return tooMany(nowMs);
    case 'rate_limited_retry_after':
      return tooMany(nowMs, 30);
    case 'api_error':
      return errorAnswer(500, 'api_error', 'Internal server error', headers);
    case 'overloaded':
      return errorAnswer(529, 'overloaded_error', 'Overloaded', headers);
    case 'timeout':
      return errorAnswer(504, 'timeout_error', 'Request timed out', headers);
    case 'html_200':
      return { status: 200, headers: { ...headers, 'content-type': 'text/html' }, body: '<!DOCTYPE html><title>Maintenance</title>' };
    case 'html_502':
      return { status: 502, headers: { ...headers, 'content-type': 'text/html' }, body: '<html><title>502 Bad Gateway</title></html>' };
    case 'empty_body':
      return { status: 200, headers: { ...headers, 'content-type': 'application/json' }, body: '' };
    case 'connection_lost':
      throw new ConnectionLost();
    case 'cursor_expired':
      return pageOf(path) === null
        ? undefined
        : errorAnswer(400, 'invalid_request_error', 'cursor does not match current query parameters', headers);
    default:
      return undefined;
  }
}

/** Faults in an answer that is right otherwise. The answer itself is not changed. */
function damaged(fault: AdminFault, { path }: FaultyRequest, answer: PlainAnswer, random: () => number): PlainAnswer {
  if (answer.status !== 200) return answer;
  if (fault === 'cut_json') {
    const text = JSON.stringify(answer.body);
    return { ...answer, headers: { ...answer.headers, 'content-type': 'application/json' }, body: text.slice(0, Math.floor(text.length * (0.2 + 0.7 * random()))) };
  }
  const body = structuredClone(answer.body) as Record<string, unknown>;
  const rows = body['data'];
  if (!Array.isArray(rows)) return answer;
  const pick = <T>(of: readonly T[]): T | undefined => of[Math.floor(random() * of.length)];
  const isBucketed = rows.some((row) => isObject(row) && Array.isArray(row['results']));
  // The last bucket may be missing by right, where it lies ahead.
  const bucket = Math.floor(random() * (rows.length - 1));
  switch (fault) {
    case 'cursor_repeated':
      // On a first page there is none to repeat: what comes instead leads nowhere.
      if (!('next_page' in body)) return answer;
      Object.assign(body, { has_more: true, next_page: pageOf(path) ?? 'page_repeated' });
      break;
    case 'bucket_missing':
      if (isBucketed) rows.splice(bucket, rows.length > 1 ? 1 : 0);
      break;
    case 'bucket_duplicated':
      if (isBucketed) rows.splice(bucket, 0, rows[bucket]);
      break;
    case 'count_null':
      // Requests may be null by right (Usage and Cost Analytics API).
      put(pick(countsIn(rows).filter(({ name }) => name !== 'requests')), null);
      break;
    case 'count_negative':
      put(pick(countsIn(rows)), -1);
      break;
    case 'count_huge':
      put(pick(countsIn(rows)), 2 ** 53);
      break;
    case 'amount_exponent':
      put(pick(amountsIn(rows)), '1e3');
      break;
    case 'amount_text':
      put(pick(amountsIn(rows)), 'abc');
      break;
    default:
      return answer;
  }
  return { ...answer, body };
}

function pageOf(path: string): string | null {
  return new URL(path, 'http://localhost').searchParams.get('page');
}

interface Field {
  readonly of: Record<string, unknown>;
  readonly name: string;
}

function put(field: Field | undefined, value: unknown): void {
  if (field !== undefined) field.of[field.name] = value;
}

/** Fields of tokens, requests, sessions and the like, at any depth. */
function countsIn(rows: readonly unknown[]): Field[] {
  return fieldsIn(rows).filter(({ of, name }) => typeof of[name] === 'number' && name !== 'amount');
}

function amountsIn(rows: readonly unknown[]): Field[] {
  return fieldsIn(rows).filter(({ name }) => name === 'amount');
}

function fieldsIn(value: unknown): Field[] {
  if (Array.isArray(value)) return value.flatMap(fieldsIn);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => [{ of: value, name }, ...fieldsIn(inner)]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
