import { expect, onTestFinished, test } from 'vitest';
import { startWorld } from '../support/agent.ts';
import { logLines, runCli, startCli } from '../support/cli.ts';
import { startRecordingServer } from '../support/recording-server.ts';

async function settings(): Promise<Readonly<Record<string, string>>> {
  const world = await startWorld();
  onTestFinished(() => world.stop());
  return { ...world.settings, CLAUDE_ORGANIZATION_ID: 'org' };
}

test('a backend that takes metrics alone is told of in one warning, and costs nothing else', async () => {
  const result = await runCli(['once'], { ...(await settings()), OTEL_TRACES_EXPORTER: '' });
  expect(result.code).toBe(0);
  const ofTraces = logLines(result).filter(({ msg }) => String(msg).includes('traces'));
  expect(ofTraces).toMatchObject([{ level: 'warn', msg: expect.stringContaining('it takes no traces; set OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') as string }]);
});

test('nor does one that is not there, or hangs', async () => {
  const hung = await startRecordingServer(() => undefined);
  onTestFinished(() => hung.stop());
  const common = await settings();
  const [down, hanging] = await Promise.all(
    ['http://127.0.0.1:1', `${hung.url}/v1/traces`].map((endpoint) => {
      const traces = { OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint };
      return runCli(['once', '--timeout', '15s'], { ...common, ...traces });
    }),
  );
  expect([down?.code, hanging?.code]).toEqual([0, 0]);
  for (const result of [down, hanging]) expect(result?.stderr.match(/traces are lost/g)).toHaveLength(1);
});

test('the console has one line a span; with --json they stay off stdout', async () => {
  const common = { ...(await settings()), OTEL_TRACES_EXPORTER: 'console' };
  const [plain, json] = await Promise.all([runCli(['once'], common), runCli(['once', '--json'], common)]);
  expect(plain.stdout.match(/^[0-9a-f]{32} [0-9a-f]{16} - collect\{\}/gm)).toHaveLength(1);
  expect(JSON.parse(json.stdout)).toMatchObject({ exitCode: 0 });
  expect(json.stderr).toContain(' - collect{}');
});

test('without a trace nothing that is for traces is loaded', async () => {
  const hook = `data:text/javascript,${encodeURIComponent(
    "import { registerHooks } from 'node:module'; let traces = 0; registerHooks({ load(url, context, next) { if (url.includes('sdk-trace')) traces++; return next(url, context); } }); process.on('exit', () => console.error('of traces: ' + traces));",
  )}`;
  const common = await settings();
  const [off, on] = await Promise.all(['none', 'otlp'].map((exporter) => startCli(['once'], { ...common, OTEL_TRACES_EXPORTER: exporter }, undefined, ['--import', hook]).ended));
  expect(off?.stderr).toContain('of traces: 0');
  expect(on?.stderr).toMatch(/of traces: [1-9]/);
});
