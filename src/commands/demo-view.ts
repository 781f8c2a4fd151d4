import { type Arrival, type Arrivals, isAdminSource } from './arrivals.ts';
import type { LogLine } from './demo-agent.ts';
import { leftText, organizationTexts, usedText } from '../metrics/describe.ts';
import type { Screen } from './terminal/screen.ts';

/** What the demo tells whoever watches. */
export interface DemoView {
  arrived(arrival: Arrival): void;
  /** The agent's log has a new line. */
  logged(): void;
  stopping(): void;
  end(): void;
}

/** How the demo is to be shown. */
export interface DemoViewOptions {
  readonly intervalMs: number;
  /** A line of JSON a push, in place of plain text. */
  readonly json: boolean;
  /** The terminal to draw on; absent: plain lines. */
  readonly screen?: Screen;
  readonly write: (text: string) => void;
}

/** What has come in so far. */
export interface DemoProgress {
  readonly arrivals: Arrivals;
  /** The newest last. */
  readonly log: readonly LogLine[];
}

const next = 'claude-usage-metrics check';

/** How the demo shows itself: drawn on a terminal, else a line a push. */
export async function demoView(options: DemoViewOptions, progress: DemoProgress): Promise<DemoView> {
  const { json, screen, write, intervalMs } = options;
  if (json) return lineView((arrival) => write(`${jsonLine(arrival)}\n`));
  const { log } = progress;
  const statusPage = (): string | undefined => log.find((line) => line.statusPage !== undefined)?.statusPage;
  if (screen === undefined) {
    const said = once(() => {
      const url = statusPage();
      if (url !== undefined) write(`status page: ${url}\n`);
      return url !== undefined;
    });
    return { ...lineView((arrival) => write(`${plainLine(arrival)}\n`)), logged: said };
  }

  const { liveView } = await import('./terminal/live.ts');
  const live = liveView(screen);
  let arrival: Arrival | undefined;
  let footer: readonly string[] | undefined;
  let url: string | undefined;
  const show = (): void => {
    url ??= statusPage();
    live.show({ points: progress.arrivals.points, log, intervalMs, footer: footer ?? runningFooter(url), ...(arrival && { arrival }) });
  };
  show();
  return {
    arrived(latest) {
      arrival = latest;
      show();
    },
    logged: show,
    stopping() {
      footer = ['Stopping: the agent pushes once more …', 'Stopping …'];
      show();
    },
    end() {
      footer = wordings(`Ended after ${progress.arrivals.pushes} pushes`);
      show();
      live.end();
    },
  };
}

function runningFooter(statusPage: string | undefined): string[] {
  const wording = wordings('Ctrl-C ends it');
  return statusPage === undefined ? wording : [`In a browser: ${statusPage} · Ctrl-C ends it`, ...wording];
}

function wordings(text: string): string[] {
  return [`${text}. With your own account: ${next}`, `${text} · ${next}`, text];
}

/** Calls it until it returns true. */
function once(work: () => boolean): () => void {
  let done = false;
  return () => void (done ||= work());
}

function lineView(arrived: (arrival: Arrival) => void): DemoView {
  return { arrived, logged: () => undefined, stopping: () => undefined, end: () => undefined };
}

function jsonLine({ push, at, sources, organization, points }: Arrival): string {
  return JSON.stringify({
    push,
    at: at.toISOString(),
    sources: sources.map(({ source, up, outcome }) => ({ source, up, outcome })),
    organization: organization ?? null,
    points: points.map(({ metric, unit, attributes, value }) => ({ metric, unit, attributes, value })),
  });
}

function plainLine({ push, sources, organization, points }: Arrival): string {
  const ofAdmin = sources.filter(({ source }) => isAdminSource(source));
  const apart = sources.filter((source) => !isAdminSource(source.source) || !source.up);
  const states = [
    ...apart.map(({ source, up, outcome }) => `${source} ${up ? 'up' : outcome}`),
    ...(ofAdmin.length > 0 && ofAdmin.every(({ up }) => up) ? ['anthropic up'] : []),
  ];
  const values = sources
    .flatMap(({ picture }) => picture.quotas)
    .map((quota) => {
      const { name, amounts } = quota;
      const left = amounts?.remaining;
      return left === undefined ? `${name} ${usedText(quota) ?? 'not known'}` : `${name} ${leftText(left, amounts?.currency ?? '')}`;
    });
  const used = organization === undefined ? [] : organizationTexts(organization);
  return `push ${push}: ${points.length} points; ${states.join(', ')}; ${[...values, ...used].join(', ')}`;
}
