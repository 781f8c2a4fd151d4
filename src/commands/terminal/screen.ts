import { styleText } from 'node:util';
import type { WriteStream } from 'node:tty';

/** Colours text, or leaves it as it is. */
export type Paint = (format: Parameters<typeof styleText>[0], text: string) => string;

/** What is drawn on: so many columns, with or without colours. */
export interface Canvas {
  readonly width: number;
  readonly paint: Paint;
  /** Absent: the machine's. */
  readonly timeZone?: string;
}

/** Below so many columns drawings leave out and break more. */
export const narrow = 60;

/** A terminal that a person looks at. */
export interface Screen extends Canvas {
  readonly height: number;
  readonly stream: WriteStream;
}

/**
 * The terminal behind a stream; undefined when it is none, or a dumb one on which nothing can be drawn.
 * NO_COLOR and FORCE_COLOR decide on colours (https://nodejs.org/api/util.html#utilstyletextformat-text-options).
 */
export function screenOf(stream: WriteStream, environment: Readonly<Record<string, string | undefined>>): Screen | undefined {
  if (!stream.isTTY || environment['TERM'] === 'dumb') return undefined;
  return {
    stream,
    // A terminal that does not know its size says 0.
    get width() {
      return stream.columns > 0 ? stream.columns : 80;
    },
    get height() {
      return stream.rows > 0 ? stream.rows : 24;
    },
    paint: (format, text) => styleText(format, text, { stream }),
  };
}
