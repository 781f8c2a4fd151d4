import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';

const revealedValues = new Set<string>();

/** Cookies are renewed every half hour; what is older than this many values is no longer looked for. */
const rememberedValues = 500;

/** Shorter values are no secrets, and would tear ordinary text apart. */
const shortestSecret = 6;

/** Every secret value that has been revealed in this process; what the log's redaction looks for. */
export function revealed(): Iterable<string> {
  return revealedValues;
}

/** Lets the redaction look for a value that became known otherwise than through a {@link Secret}. */
export function rememberSecret(value: string): void {
  if (value.length < shortestSecret) return;
  // Deleted first: what is in use moves to the end and is forgotten last.
  revealedValues.delete(value);
  revealedValues.add(value);
  if (revealedValues.size <= rememberedValues) return;
  const [oldest] = revealedValues;
  if (oldest !== undefined) revealedValues.delete(oldest);
}

/** A value that prints as `[redacted]` wherever it is printed. From a file it is read anew at each use. */
export class Secret {
  readonly #read: () => string;

  private constructor(read: () => string) {
    this.#read = read;
  }

  /** A secret that is known now. */
  static of(value: string): Secret {
    return new Secret(() => value);
  }

  /** A secret in a file (a mounted Kubernetes or Docker secret); one trailing line break is not part of it. */
  static fromFile(path: string): Secret {
    return new Secret(() => readFileSync(path, 'utf8').replace(/\r?\n$/, ''));
  }

  /** The value itself. @throws when its file cannot be read. */
  reveal(): string {
    const value = this.#read();
    rememberSecret(value);
    return value;
  }

  toString(): string {
    return '[redacted]';
  }

  toJSON(): string {
    return '[redacted]';
  }

  [inspect.custom](): string {
    return '[redacted]';
  }
}
