import { cleanText, slug } from '../../model/text.ts';
import { instantField, nonNegative, numberField, objectOf, textOf, valueOf } from '../fields.ts';

/** Length of the session window and of the weekly windows. */
export const fiveHoursMs = 5 * 60 * 60 * 1000;
export const sevenDaysMs = 7 * 24 * 60 * 60 * 1000;

/** One usage window, named by rule; every field may be missing on its own. */
export interface Window {
  readonly name: string;
  /** Used share: 0 to 1, and above. */
  readonly utilization?: number;
  readonly resetsAt?: Date;
  /** Length of the window, where its kind has one. */
  readonly lengthMs?: number;
  /** The vendor's word that this is the limit that binds. */
  readonly active?: boolean;
}

/** The windows of a body, and what in it could not be read. */
export interface Found {
  readonly windows: readonly Window[];
  readonly wrong: readonly string[];
  readonly notes: readonly string[];
}

const weekly = 'seven_day';

/** Whether a top-level key is a window by its name. */
export function isWindowKey(key: string): boolean {
  return key === 'five_hour' || (key.startsWith(weekly) && !key.endsWith('_breakdown'));
}

/**
 * Windows of `limits[]` rows; undefined when there is no row, and the keys of {@link windowsOfKeys} are to be used.
 * Something else than an object is no row; where it is not null either, {@link notRows} says so.
 */
export function windowsOfLimits(limits: unknown): Found | undefined {
  const rows = Array.isArray(limits) ? limits.map(objectOf).filter((row) => row !== undefined) : [];
  if (rows.length === 0) return undefined;
  const wrong: string[] = [];
  const notes: string[] = [];
  const windows: Window[] = [];
  for (const row of rows) {
    const named = nameOfRow(row);
    if ('wrong' in named) wrong.push(named.wrong);
    else if ('note' in named) notes.push(named.note);
    else {
      const label = `limits[${named.name}]`;
      const active = row.get('is_active');
      if (active !== undefined && active !== null && typeof active !== 'boolean') wrong.push(`${label}.is_active`);
      windows.push({
        ...windowOf(named.name, shareField(`${label}.percent`, row.get('percent'), wrong), row.get('resets_at')),
        ...lengthOf(named.name, row.get('group')),
        ...(typeof active === 'boolean' && { active }),
      });
    }
  }
  return { windows, wrong, notes };
}

/** What stands in the place of `limits[]`, or of one of its rows, and is of another type. */
export function notRows(limits: unknown): string[] {
  if (limits === undefined || limits === null) return [];
  if (!Array.isArray(limits)) return ['limits'];
  return limits.some((row) => row !== null && objectOf(row) === undefined) ? ['limits[]'] : [];
}

/** Windows of the keys `five_hour` and `seven_day*`, the shape before `limits[]`. */
export function windowsOfKeys(body: ReadonlyMap<string, unknown>): Found {
  const wrong: string[] = [];
  const windows: Window[] = [];
  for (const [key, value] of body) {
    if (!isWindowKey(key) || value === null || value === undefined) continue;
    const fields = objectOf(value);
    const name = slug(key);
    if (fields === undefined) wrong.push(name);
    else windows.push(windowOfKey(name, fields, wrong));
  }
  return { windows, wrong, notes: [] };
}

/** A window object, as it stands under a key of its own. */
export function windowOfKey(name: string, fields: ReadonlyMap<string, unknown>, wrong: string[]): Window {
  const utilization = shareField(`${name}.utilization`, fields.get('utilization'), wrong);
  return { ...windowOf(name, utilization, fields.get('resets_at')), ...lengthOf(name) };
}

/** Percent as a share. Negative is nonsense and goes, as `name`, with the wrong ones; above 100 is not. */
export function shareField(name: string, value: unknown, wrong: string[]): number | undefined {
  const percent = nonNegative(numberField(value));
  if (percent.state === 'wrong') wrong.push(name);
  return percent.state === 'read' ? percent.value / 100 : undefined;
}

/** A bad reset costs the countdown and nothing else. */
function windowOf(name: string, utilization: number | undefined, resetsAt: unknown): Window {
  const reset = valueOf(instantField(resetsAt));
  return {
    name,
    ...(utilization !== undefined && { utilization }),
    ...(reset !== undefined && { resetsAt: reset }),
  };
}

type NameOfRow = { readonly name: string } | { readonly note: string } | { readonly wrong: string };

function nameOfRow(row: ReadonlyMap<string, unknown>): NameOfRow {
  const kind = textOf(row.get('kind'));
  if (kind === undefined) return { wrong: 'limits[].kind' };
  if (kind === 'session') return { name: 'five_hour' };
  if (kind === 'weekly_all') return { name: 'seven_day' };
  if (kind !== 'weekly_scoped') return { name: slug(kind) };
  const scope = objectOf(row.get('scope'));
  const model = objectOf(scope?.get('model'));
  const surface = scope?.get('surface');
  const scoped =
    textOf(model?.get('id')) ??
    textOf(model?.get('display_name')) ??
    textOf(surface) ??
    textOf(objectOf(surface)?.get('display_name'));
  if (scoped === undefined) return { wrong: 'limits[weekly_scoped].scope' };
  // The same numbers as weekly_all, under a name of its own.
  if (slug(scoped) === 'all_models') return { note: 'limits[]: the scope "All models" repeats weekly_all' };
  return { name: cleanText(`seven_day_${slug(scoped)}`) };
}

function lengthOf(name: string, group?: unknown): { readonly lengthMs?: number } {
  if (name === 'five_hour' || group === 'session') return { lengthMs: fiveHoursMs };
  if (name.startsWith(weekly) || group === 'weekly') return { lengthMs: sevenDaysMs };
  return {};
}
