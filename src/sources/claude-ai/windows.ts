import { slug } from '../../model/text.ts';
import { type Field, instantField, numberField, objectOf, textOf, valueOf } from '../fields.ts';

/** Length of the session window and of the weekly windows. */
export const fiveHoursMs = 5 * 60 * 60 * 1000;
export const sevenDaysMs = 7 * 24 * 60 * 60 * 1000;

/** One usage window, named by rule; every field may be missing on its own. */
export interface Window {
  readonly name: string;
  /** Percent used, 0–100 and above. */
  readonly percent?: number;
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

const weeklyKey = /^seven_day(_|$)/;

/** Whether a top-level key is a window by its name. */
export function isWindowKey(key: string): boolean {
  return key === 'five_hour' || (weeklyKey.test(key) && !key.endsWith('_breakdown'));
}

/** Windows of `limits[]` rows; undefined when there is no row, and the keys of {@link windowsOfKeys} are to be used. */
export function windowsOfLimits(limits: unknown): Found | undefined {
  if (!Array.isArray(limits)) return undefined;
  const rows = limits.map(objectOf).filter((row) => row !== undefined);
  if (rows.length === 0) return undefined;
  const wrong = rows.length < limits.length ? ['limits[]'] : [];
  const notes: string[] = [];
  const windows: Window[] = [];
  for (const row of rows) {
    const named = nameOfRow(row);
    if (named.name === undefined) {
      if (named.note === undefined) wrong.push('limits[].kind');
      else notes.push(named.note);
      continue;
    }
    const percent = percentField(row.get('percent'));
    if (percent.state === 'wrong') wrong.push(`limits[${named.name}].percent`);
    const active = row.get('is_active');
    windows.push({
      ...windowOf(named.name, percent, row.get('resets_at'), lengthOf(named.name, row.get('group'))),
      ...(typeof active === 'boolean' && { active }),
    });
  }
  return { windows, wrong, notes };
}

/** Windows of the keys `five_hour` and `seven_day*`, the shape before `limits[]`. */
export function windowsOfKeys(body: ReadonlyMap<string, unknown>): Found {
  const wrong: string[] = [];
  const windows: Window[] = [];
  for (const [key, value] of body) {
    if (!isWindowKey(key) || value === null || value === undefined) continue;
    const fields = objectOf(value);
    const name = slug(key);
    const percent: Field<number> = fields === undefined ? { state: 'wrong' } : percentField(fields.get('utilization'));
    if (percent.state === 'wrong') wrong.push(name);
    windows.push(windowOf(name, percent, fields?.get('resets_at'), lengthOf(name, undefined)));
  }
  return { windows, wrong, notes: [] };
}

/** A share in percent: negative is nonsense, above 100 is not. */
export function percentField(value: unknown): Field<number> {
  const percent = numberField(value);
  return percent.state === 'read' && percent.value < 0 ? { state: 'wrong' } : percent;
}

/** A window from its fields; what is absent or wrong stays out. */
export function windowOf(name: string, percent: Field<number>, resetsAt: unknown, lengthMs?: number): Window {
  const read = valueOf(percent);
  const reset = valueOf(instantField(resetsAt));
  return {
    name,
    ...(read !== undefined && { percent: read }),
    ...(reset !== undefined && { resetsAt: reset }),
    ...(lengthMs !== undefined && { lengthMs }),
  };
}

function nameOfRow(row: ReadonlyMap<string, unknown>): { name?: string; note?: string } {
  const kind = textOf(row.get('kind'));
  if (kind === undefined) return {};
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
  if (scoped === undefined) return {};
  // The same numbers as weekly_all, under a name of its own.
  if (slug(scoped) === 'all_models') return { note: 'limits[]: the scope "All models" repeats weekly_all' };
  return { name: `seven_day_${slug(scoped)}` };
}

function lengthOf(name: string, group: unknown): number | undefined {
  if (name === 'five_hour' || group === 'session') return fiveHoursMs;
  if (weeklyKey.test(name) || group === 'weekly') return sevenDaysMs;
  return undefined;
}
