import { createLogUpdate } from 'log-update';
import stringWidth from 'string-width';
import type { Arrival, ArrivedSource } from '../arrivals.ts';
import type { LogLine } from '../demo-agent.ts';
import { durationText } from '../../model/format.ts';
import { titleOf } from '../../model/source-titles.ts';
import { type Canvas, type Screen, narrow } from './screen.ts';
import { drawPicture, heading, tableOf } from './sources.ts';
import { column, cut, hanging } from './text.ts';

/** What the demo shows at one moment. */
export interface Frame {
  /** The last push; absent before the first. */
  readonly arrival?: Arrival;
  /** Of all pushes. */
  readonly points: number;
  /** The agent's log, the newest last. */
  readonly log: readonly LogLine[];
  readonly intervalMs: number;
  /** Wordings of the line at the bottom, the fullest first. */
  readonly footer: readonly string[];
}

/** A part of the screen that is redrawn in place. */
export interface LiveView {
  show(frame: Frame): void;
  /** Leaves the last frame where it is, and the terminal as it was. */
  end(): void;
}

/** Starts drawing below the cursor. */
export function liveView(screen: Screen): LiveView {
  const update = createLogUpdate(screen.stream);
  let last: Frame | undefined;
  const show = (frame: Frame): void => {
    last = frame;
    // The cursor stands in a line of its own below.
    update(drawFrame(frame, screen, screen.height - 1).join('\n'));
  };
  const redraw = (): void => {
    // Lines that the terminal has broken anew are not where they were.
    update.clear();
    if (last !== undefined) show(last);
  };
  screen.stream.on('resize', redraw);
  return {
    show,
    end() {
      screen.stream.off('resize', redraw);
      update.done();
    },
  };
}

const mostLogLines = 6;

/** A frame in at most so many lines: what explains itself goes first, then facts, then the log. */
export function drawFrame(frame: Frame, canvas: Canvas, height: number): string[] {
  let lines: string[] = [];
  for (const detail of ['full', 'compact', 'least'] as const) {
    const { top, bottom } = parts(frame, canvas, detail);
    const room = Math.min(mostLogLines, height - top.length - bottom.length);
    const log = logLines(frame.log, canvas, Math.max(0, room));
    lines = [...top, ...log, ...bottom];
    if (room >= (detail === 'full' ? 3 : 1)) break;
  }
  return lines.slice(-height).map((line) => cut(line, canvas.width));
}

type Detail = 'full' | 'compact' | 'least';

function parts(frame: Frame, canvas: Canvas, detail: Detail): { top: string[]; bottom: string[] } {
  const { paint, width } = canvas;
  const gap = detail === 'least' ? [] : [''];
  const explained = detail === 'least' ? [] : hanging('', explanation(frame, detail), Math.min(width, longestLine), 0).map((line) => paint('dim', line));
  return {
    top: [title(frame, canvas), ...explained, ...gap, ...drawArrival(frame, canvas, detail), ...gap],
    bottom: [...gap, paint('dim', frame.footer.find((text) => stringWidth(text) <= width) ?? '')],
  };
}

/** Longer lines are hard to read. */
const longestLine = 100;

function explanation({ intervalMs }: Frame, detail: Detail): string {
  if (detail !== 'full') return 'Simulated upstreams, the real agent; this is what arrives over OTLP/gRPC.';
  return `Simulated: a cookie service, claude.ai and OpenRouter; five hours pass in a minute and a half, and now and then something fails. Real: the agent, in a process of its own, and its pushes every ${durationText(intervalMs / 1000)}, shown as they arrive.`;
}

function title({ arrival, points }: Frame, { paint, width }: Canvas): string {
  const name = 'claude-usage-metrics demo';
  const left = width - name.length - 1;
  const counts = arrival === undefined ? [] : [`push ${arrival.push} · ${points} points`, `push ${arrival.push}`];
  const count = counts.find((text) => text.length <= left) ?? '';
  return `${paint('bold', name)} ${paint('dim', column(count, Math.max(0, left), 'right'))}`;
}

function drawArrival({ arrival }: Frame, canvas: Canvas, detail: Detail): string[] {
  if (arrival === undefined) return ['Starting the agent …'];
  const table = tableOf(arrival.sources.map(({ picture }) => picture), canvas, { now: arrival.at, clock: false });
  return arrival.sources.flatMap((source, index) => {
    const { picture } = source;
    const shown = detail === 'full' ? picture : { quotas: picture.quotas, spent: {} };
    return [...(index > 0 && detail === 'full' ? [''] : []), ...stateLine(source, canvas), ...drawPicture(shown, table)];
  });
}

function stateLine({ source, up, outcome, ageSeconds }: ArrivedSource, canvas: Canvas): string[] {
  const last = canvas.width < narrow ? '' : 'last read ';
  const age = ageSeconds === undefined ? 'not read yet' : `${last}${durationText(ageSeconds)} ago`;
  const text = up ? 'up' : `${canvas.paint('red', outcome)}, ${age}`;
  return heading(titleOf(source), up ? 'good' : 'bad', text, canvas);
}

function logLines(log: readonly LogLine[], { paint, width }: Canvas, room: number): string[] {
  return log.slice(log.length - Math.min(room, log.length)).map(({ level, time, text }) => {
    const clock = time === undefined ? '' : `${time.toLocaleTimeString('en-GB')} `;
    const shown = cut(`${clock}${text}`, width - 6);
    const name = level === 'info' ? paint('dim', 'info  ') : paint(level === 'warn' ? 'yellow' : 'red', column(level, 6));
    return name + paint('dim', shown);
  });
}
