import { createLogUpdate } from 'log-update';
import stringWidth from 'string-width';
import { type Arrival, type ArrivedSource, adminPrefix, isAdminSource } from '../arrivals.ts';
import type { LogLine } from '../demo-agent.ts';
import { durationText } from '../../model/format.ts';
import { titleOf } from '../../model/source-titles.ts';
import { drawOrganization, organizationRows } from './organization.ts';
import { type Canvas, type Screen, narrow } from './screen.ts';
import { drawPicture, heading, stacked, tableOf } from './sources.ts';
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

/** How much a frame has: what explains itself, gaps, facts without a bar, how many of the largest models and keys. */
interface Detail {
  readonly explained: 'long' | 'short' | 'not';
  readonly gaps: boolean;
  readonly facts: boolean;
  readonly tops: number;
  /** Lines of the log that there must be room for. */
  readonly log: number;
}

/** The fullest first. */
const details: readonly Detail[] = [
  { explained: 'long', gaps: true, facts: true, tops: 3, log: 3 },
  { explained: 'short', gaps: true, facts: false, tops: 2, log: 1 },
  { explained: 'short', gaps: false, facts: false, tops: 2, log: 1 },
  { explained: 'not', gaps: false, facts: false, tops: 1, log: 1 },
  { explained: 'not', gaps: false, facts: false, tops: 0, log: 0 },
];

/** A frame in at most so many lines: what explains itself goes first, then facts, then the log. */
export function drawFrame(frame: Frame, canvas: Canvas, height: number): string[] {
  let lines: string[] = [];
  for (const detail of details) {
    const { top, bottom } = parts(frame, canvas, detail);
    const room = Math.min(mostLogLines, height - top.length - bottom.length);
    const log = logLines(frame.log, canvas, Math.max(0, room));
    lines = [...top, ...log, ...bottom];
    if (room >= detail.log) break;
  }
  return lines.slice(-height).map((line) => cut(line, canvas.width));
}

function parts(frame: Frame, canvas: Canvas, detail: Detail): { top: string[]; bottom: string[] } {
  const { paint, width } = canvas;
  const gap = detail.gaps ? [''] : [];
  const text = explanation(frame, detail);
  const explained = text === undefined ? [] : hanging('', text, Math.min(width, longestLine), 0).map((line) => paint('dim', line));
  return {
    top: [title(frame, canvas), ...explained, ...gap, ...drawArrival(frame, canvas, detail), ...gap],
    bottom: [...gap, paint('dim', frame.footer.find((wording) => stringWidth(wording) <= width) ?? '')],
  };
}

/** Longer lines are hard to read. */
const longestLine = 100;

function explanation({ intervalMs }: Frame, { explained }: Detail): string | undefined {
  if (explained === 'not') return undefined;
  if (explained === 'short') return 'Simulated upstreams, the real agent; this is what arrives over OTLP/gRPC.';
  return `Simulated: a cookie service, claude.ai, OpenRouter and the Admin API; of a subscription five hours pass in a minute and a half, and now and then something fails. Real: the agent, in a process of its own, and its pushes every ${durationText(intervalMs / 1000)}, shown as they arrive.`;
}

function title({ arrival, points }: Frame, { paint, width }: Canvas): string {
  const name = 'claude-usage-metrics demo';
  const left = width - name.length - 1;
  const counts = arrival === undefined ? [] : [`push ${arrival.push} · ${points} points`, `push ${arrival.push}`];
  const count = counts.find((text) => text.length <= left) ?? '';
  return `${paint('bold', name)} ${paint('dim', column(count, Math.max(0, left), 'right'))}`;
}

function drawArrival({ arrival }: Frame, canvas: Canvas, { gaps, facts, tops }: Detail): string[] {
  if (arrival === undefined) return ['Starting the agent …'];
  const { sources, organization, at } = arrival;
  const ofAdmin = sources.filter(({ source }) => isAdminSource(source));
  const rows = organization === undefined ? [] : organizationRows(organization, tops);
  const table = tableOf(sources.map(({ picture }) => picture), canvas, { now: at, clock: false }, rows);
  const blocks = sources
    .filter(({ source }) => !isAdminSource(source))
    .map((source) => [...stateLine(source, canvas), ...drawPicture(facts ? source.picture : { quotas: source.picture.quotas, spent: {} }, table)]);
  if (ofAdmin.length > 0) {
    blocks.push([...adminLine(ofAdmin, canvas), ...(organization === undefined ? [] : drawOrganization(organization, table, tops))]);
  }
  return gaps && facts ? stacked(blocks) : blocks.flat();
}

/** One heading for all sources of the Admin API. */
function adminLine(sources: readonly ArrivedSource[], canvas: Canvas): string[] {
  const down = sources.filter(({ up }) => !up);
  const failures = down.map(({ source, outcome }) => `${source.replace(adminPrefix, '')} ${canvas.paint('red', outcome)}`);
  return heading('Admin API', down.length === 0 ? 'good' : 'bad', down.length === 0 ? 'up' : failures.join(', '), canvas);
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
