import { styleText } from 'node:util';
import type { Canvas } from '../../src/commands/terminal/screen.ts';

/** A canvas without colours, in UTC. */
export function plainCanvas(width: number): Canvas {
  return { width, paint: (_format, text) => text, timeZone: 'UTC' };
}

/** A canvas with colours, in UTC. */
export function colouredCanvas(width: number): Canvas {
  return { width, paint: (format, text) => styleText(format, text, { validateStream: false }), timeZone: 'UTC' };
}
