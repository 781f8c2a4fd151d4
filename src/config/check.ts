import { rememberCredential, rememberRenewed } from '../model/redaction.ts';
import { Secret } from '../model/secret.ts';
import { parseDuration } from './duration.ts';
import { readKeptText } from './files.ts';
import { isLoopback } from './kinds.ts';
import { type Setting, type SettingName, type SettingValue, settings } from './settings.ts';
import { shown } from './shown.ts';
import type { RawSettings } from './sources-of-settings.ts';

type IntervalName = Extract<SettingName, `${string}_POLL_INTERVAL`>;

/** The settings after their checks, by name. */
export class Checked {
  readonly #raw: RawSettings;
  readonly #problems: string[];

  /** @param problems gets a line for each setting that is wrong. */
  constructor(raw: RawSettings, problems: string[]) {
    this.#raw = raw;
    this.#problems = problems;
  }

  /** Whether the setting, or its _FILE twin, was given. */
  given(name: SettingName): boolean {
    return this.#raw[name] !== undefined || this.#raw[`${name}_FILE`] !== undefined;
  }

  /** The checked value; undefined when it is neither given nor has a default, or is wrong (and said so). */
  value<Name extends SettingName>(name: Name): SettingValue<Name> | undefined {
    const setting: Setting<unknown> = settings[name];
    const text = this.#raw[name] ?? setting.default;
    if (text === undefined) return undefined;
    return this.#parse(name, setting, text) as SettingValue<Name> | undefined;
  }

  /** A secret, from its own text or from its file; a file is read now for the check and again at each use. */
  secret(name: SettingName): Secret | undefined {
    const inline = this.#raw[name];
    const file = this.#raw[`${name}_FILE`];
    if (inline !== undefined) rememberCredential(inline);
    if (inline !== undefined && file !== undefined) {
      this.#problems.push(`${name} and ${name}_FILE are both given; keep one`);
      return undefined;
    }
    if (file !== undefined) return this.#secretFile(name, file);
    if (inline === undefined) return undefined;
    return this.#parse(name, settings[name], inline) === undefined ? undefined : Secret.of(inline.trim());
  }

  /** A duration no lower than its floor, unless its upstream is this machine. */
  interval(name: IntervalName, upstream: URL | undefined): number {
    const intervalMs = this.value(name) ?? 0;
    const { floor } = settings[name];
    if (intervalMs > 0 && upstream !== undefined && !isLoopback(upstream) && intervalMs < (parseDuration(floor) ?? 0)) {
      this.#problems.push(`${name} is below its floor of ${floor}${shown(this.#raw[name] ?? '')}`);
    }
    return intervalMs;
  }

  #secretFile(name: SettingName, file: string): Secret | undefined {
    const text = readKeptText(`${name}_FILE`, file, this.#problems);
    if (text === undefined) return undefined;
    rememberCredential(text, rememberRenewed);
    return this.#parse(`${name}_FILE`, settings[name], text) === undefined ? undefined : Secret.fromFile(file);
  }

  #parse(label: string, setting: Setting<unknown>, text: string): unknown {
    const parsed = setting.schema.safeParse(text);
    if (parsed.success) return parsed.data;
    const quoted = setting.secret === true ? '' : shown(text);
    this.#problems.push(`${label} ${parsed.error.issues[0]?.message ?? 'is wrong'}${quoted}`);
    return undefined;
  }
}
