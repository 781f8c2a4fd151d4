import { SourceError } from '../../model/source-error.ts';

/** Whether less at once might succeed: the upstream ran out of time, or we will not hold so much. */
export function isTooMuch(error: unknown): boolean {
  return error instanceof SourceError && (error.reason === 'too_large' || error.status === 504);
}

/** An instant as the API's examples write it: `2026-11-18T00:00:00Z`. */
export function rfc3339(instantMs: number): string {
  return new Date(instantMs).toISOString().replace('.000Z', 'Z');
}

/** An instant's UTC day: `2026-11-18`. */
export function utcDate(instantMs: number): string {
  return new Date(instantMs).toISOString().slice(0, 10);
}
