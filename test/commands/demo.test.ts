import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { type RunningCli, startCli } from '../support/cli.ts';
import { said } from '../support/output.ts';

const folder = mkdtempSync(join(tmpdir(), 'demo-test-'));
const running = new Set<RunningCli>();
afterEach(() => {
  // A demo that a failed test leaves behind would go on until it is interrupted, and takes its agent along.
  for (const { child } of running) child.kill('SIGTERM');
  running.clear();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs code in the agent's process before the agent does. */
function inAgent(code: string): string[] {
  return inBoth(`if (process.argv[2] === "run") { ${code} }`);
}

/** Runs code first in the demo's process and in the agent's: the demo hands Node's own options on. */
function inBoth(code: string): string[] {
  return ['--import', `data:text/javascript,${encodeURIComponent(`import { writeFileSync } from "node:fs"; ${code}`)}`];
}

function startDemo(args: readonly string[], environment: Record<string, string>, nodeArgs: readonly string[] = []): RunningCli {
  const demo = startCli(['demo', '--interval', '500ms', ...args], environment, folder, nodeArgs);
  running.add(demo);
  return demo;
}

test('demo --cycles prints where its status page is, and a line for each push that arrived, and exits 0', async () => {
  const { code, stdout, stderr } = await startDemo(['--cycles', '3'], {}).ended;
  const [page, ...lines] = stdout.trim().split('\n');

  expect(stderr).toBe('');
  expect(page).toMatch(/^status page: http:\/\/127\.0\.0\.1:\d+\/$/);
  expect(code).toBe(0);
  expect(lines).toHaveLength(3);
  lines.forEach((line, index) => {
    expect(line).toMatch(new RegExp(`^push ${index + 1}: \\d+ points; claude-ai \\w+, openrouter \\w+, anthropic up; `));
  });
  expect(lines[0]).toMatch(/five_hour \d+ %, seven_day \d+ %, seven_day_fable \d+ %, .*credits \$[\d.]+ left/);
  expect(lines[0]).toMatch(/cost today \$[\d,.]+, cost month \$[\d,.]+, tokens today [\d,]+, tokens month [\d,]+$/);
  expect(stdout).not.toContain('\u001b');
});

test('a push that is cut into several requests is one line, with all that it has', async () => {
  const split = new URL('../../src/export/split.ts', import.meta.url).href;
  const smaller = inBoth(`(await import(${JSON.stringify(split)})).requestLimits.points = 500;`);
  const { code, stdout } = await startDemo(['--cycles', '2'], {}, smaller).ended;
  const lines = stdout.trim().split('\n').slice(1);
  expect(code).toBe(0);
  expect(lines).toHaveLength(2);
  for (const line of lines) expect(line).toMatch(/^push \d: [12]\d{3} points; claude-ai \w+, openrouter \w+, anthropic up; five_hour \d+ %/);
});

test('neither the environment of whoever starts the demo nor an .env beside it reaches the agent', async () => {
  writeFileSync(join(folder, '.env'), 'OTEL_SDK_DISABLED=true\nACCOUNT_NAME=someone\n');
  const { code, stdout } = await startDemo(['--cycles', '1', '--json'], {
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer own-fake-key',
    OTEL_SERVICE_NAME: 'mine',
    CLAUDE_SESSION_KEY: 'sk-ant-sid01-own-fake',
    CLAUDE_POLL_INTERVAL: 'never',
    HTTP_PROXY: 'http://127.0.0.1:1',
    grpc_proxy: 'http://127.0.0.1:1',
  }).ended;

  expect(code).toBe(0);
  const push = JSON.parse(stdout) as {
    sources: { source: string; up: boolean; outcome: string }[];
    organization: { tokens: { month: number } } | null;
    points: { metric: string; attributes: Record<string, string> }[];
  };
  expect(push.sources.map(({ source }) => source)).toEqual(expect.arrayContaining(['claude-ai', 'openrouter', 'anthropic-usage', 'anthropic-cost']));
  expect(push.sources.filter(({ up, outcome }) => !up || outcome !== 'success')).toEqual([]);
  expect(push.organization?.tokens.month).toBeGreaterThan(0);
  const window = push.points.find(({ metric }) => metric === 'claude.usage.utilization');
  expect(window?.attributes).toEqual({ account: 'default', metric_name: 'five_hour' });
});

test('an interrupt ends the demo and its agent, with exit code 0', async () => {
  const pidFile = join(folder, 'pid');
  const demo = startDemo([], {}, inAgent(`writeFileSync(${JSON.stringify(pidFile)}, String(process.pid))`));
  await said(demo, 'stdout', 'push 2');
  const agent = Number(readFileSync(pidFile, 'utf8'));
  expect(process.kill(agent, 0)).toBe(true);
  demo.child.kill('SIGINT');
  const { code, stderr } = await demo.ended;

  expect(code).toBe(0);
  expect(stderr).toBe('');
  expect(() => process.kill(agent, 0)).toThrow('ESRCH');
});

test('an agent that ends by itself ends the demo with its exit code and its last words', async () => {
  const dying = inAgent('setTimeout(() => { process.stderr.write("the last words\\n"); process.exit(4); }, 1_500)');
  const { code, stderr } = await startDemo([], {}, dying).ended;
  expect(code).toBe(4);
  expect(stderr).toContain('the agent ended by itself (exit code 4)');
  expect(stderr).toContain('the last words');
});

test('the demo ends when who reads its output stops reading', async () => {
  const demo = startDemo([], {});
  await said(demo, 'stdout', 'push 1');
  demo.child.stdout?.destroy();
  expect((await demo.ended).code).toBe(0);
});
