import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import type { Report } from '../../../src/commands/report.ts';
import { drawReport } from '../../../src/commands/terminal/report.ts';
import { remedyOf } from '../../../src/model/remedies.ts';
import { colouredCanvas, plainCanvas } from '../../support/canvas.ts';

const report: Report = {
  command: 'check',
  exitCode: 4,
  at: '2026-11-21T21:45:00.000Z',
  problems: [],
  warnings: ['cookies come from jar.example:50051 without TLS; anyone on that network can read them'],
  sources: [
    {
      source: 'claude-ai',
      account: 'Büro 東京',
      up: true,
      durationMs: 412,
      origin: ['cookie from CLAUDE_SESSION_KEY'],
      failures: [],
      notices: [],
      points: [
        { metric: 'claude.usage.utilization', attributes: { metric_name: 'five_hour' }, value: 0.42 },
        { metric: 'claude.usage.seconds_to_reset', attributes: { metric_name: 'five_hour' }, value: 5340 },
      ],
    },
    {
      source: 'openrouter',
      account: 'Büro 東京',
      up: false,
      durationMs: 31,
      origin: [],
      failures: [
        { reason: 'rate_limited', message: 'openrouter.ai /key answered 429', remedy: remedyOf('rate_limited', 'openrouter') },
      ],
      notices: [],
      points: [],
    },
  ],
  delivery: {
    address: 'http://localhost:4317',
    protocol: 'grpc',
    tls: false,
    ok: false,
    acknowledged: 0,
    rejected: 0,
    lost: 0,
    durationMs: 9,
    message: 'http://localhost:4317 (OTLP/gRPC) answered UNAVAILABLE',
    remedy: 'Check that a collector listens there.',
  },
  traces: null,
};

test('a check reads from top to bottom: settings, each source, endpoint, and what it comes to', () => {
  expect(drawReport(report, plainCanvas(80)).split('\n')).toEqual([
    'Settings    ✓ in order',
    '              ! cookies come from jar.example:50051 without TLS; anyone on that',
    '              network can read them',
    '',
    'claude.ai   ✓ account Büro 東京, read in 412ms',
    '              cookie from CLAUDE_SESSION_KEY',
    '  five_hour ████████░░░░░░░░░░ 42 %  resets in 1h 29m (23:14)',
    '',
    'OpenRouter  ✗ rate_limited: openrouter.ai /key answered 429',
    '              → Wait; the agent keeps to Retry-After. If it comes back, raise',
    '                OPENROUTER_POLL_INTERVAL.',
    '',
    'OTLP        ✗ http://localhost:4317 (OTLP/gRPC) answered UNAVAILABLE',
    '              → Check that a collector listens there.',
    '',
    '1 of 2 sources fails, the OTLP endpoint fails (exit code 4).',
    '',
  ]);
});

test('a check that finds nothing wrong says so', () => {
  const [claude] = report.sources;
  const delivery = { address: 'http://localhost:4317', protocol: 'grpc', tls: false, ok: true, acknowledged: 0, rejected: 0, lost: 0, durationMs: 9 } as const;
  const text = drawReport({ ...report, exitCode: 0, sources: claude === undefined ? [] : [claude], delivery }, plainCanvas(80));
  expect(text).toContain('OTLP        ✓ http://localhost:4317 (OTLP/gRPC, no TLS) takes metrics, answered\n');
  expect(text.trimEnd().split('\n').at(-1)).toBe('All well.');
});

test('what becomes of traces is said, and that nothing else depends on it', () => {
  const [claude] = report.sources;
  const delivery = { address: 'http://localhost:4317', protocol: 'grpc', tls: false, ok: true, acknowledged: 0, rejected: 0, lost: 0, durationMs: 9 } as const;
  const well = { ...report, exitCode: 0, sources: claude === undefined ? [] : [claude], delivery } as const;
  expect(drawReport({ ...well, traces: delivery }, plainCanvas(160))).toMatch(/^Traces {6}✓ http:\/\/localhost:4317 \(OTLP\/gRPC, no TLS\) takes traces, answered in 9ms$/m);
  const failing = drawReport({ ...well, traces: { ...delivery, ok: false, message: 'it takes no traces', remedy: 'Switch them off.' } }, plainCanvas(80));
  expect(failing).toMatch(/^Traces {6}✗ it takes no traces\n {14}→ Switch them off\.$/m);
  expect(failing.trimEnd().split('\n').at(-1)).toBe('All well, but for the traces.');
});

test.each([40, 60, 80, 160])('no line of a report is wider than %i columns', (width) => {
  for (const line of drawReport(report, colouredCanvas(width)).split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(width);
});

test('without colours nothing but text is drawn', () => {
  expect(drawReport(report, plainCanvas(80))).not.toContain('\u001b');
  expect(drawReport(report, colouredCanvas(80))).toContain('\u001b');
});
