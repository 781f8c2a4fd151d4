import { inspect } from 'node:util';
import { readKept } from './kept-file.ts';
import { rememberRenewed, rememberSecret } from './redaction.ts';

/** A value that prints as `[redacted]` wherever it is printed. From a file it is read anew at each use. */
export class Secret {
  readonly #read: () => string;

  private constructor(read: () => string) {
    this.#read = read;
  }

  /** A secret that is known now. */
  static of(value: string): Secret {
    rememberSecret(value);
    return new Secret(() => value);
  }

  /** A secret in a file (a mounted Kubernetes or Docker secret); white space around it, a byte-order mark too, is not part of it. */
  static fromFile(path: string): Secret {
    return new Secret(() => {
      const value = readKept(path).toString('utf8').trim();
      rememberRenewed(value);
      return value;
    });
  }

  /** The value itself. @throws when its file cannot be read. */
  reveal(): string {
    return this.#read();
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
