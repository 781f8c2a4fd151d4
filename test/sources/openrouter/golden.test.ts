import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Reason } from '../../../src/model/reasons.ts';
import { SourceError } from '../../../src/model/source-error.ts';
import { lines } from '../../support/points.ts';
import { fixtures, openRouterAt, recorded, startOpenRouter } from './support.ts';

/** A Saturday: its week ends with the next day, its month with the tenth. */
const now = new Date('2026-11-21T12:00:00Z');

/**
 * A file, and what comes of it as the answer to `/key` and as that to `/credits` for a management key: its points, or the
 * reason why there is none.
 */
interface Row {
  readonly file: string;
  readonly key: readonly string[] | Reason;
  readonly credits: readonly string[] | Reason;
}

const rows: readonly Row[] = [
  {
    file: 'key.200.daily-limit-micro-usage.json',
    key: [
      'openrouter.key.usage{window=total} 3.17561396',
      'openrouter.key.usage{window=daily} 0.0000018 until 2026-11-22T00:00:00.000Z',
      'openrouter.key.usage{window=weekly} 3.17561396 until 2026-11-23T00:00:00.000Z',
      'openrouter.key.usage{window=monthly} 3.17561396 until 2026-12-01T00:00:00.000Z',
      'openrouter.key.limit{} 30',
      'openrouter.key.limit_remaining{} 29.9999982 until 2026-11-22T00:00:00.000Z',
      'openrouter.key.seconds_to_reset{} at 2026-11-22T00:00:00.000Z until 2026-11-22T00:00:00.000Z',
    ],
    credits: 'schema',
  },
  {
    file: 'key.200.management.json',
    key: [
      'openrouter.key.usage{window=total} 0',
      'openrouter.key.usage{window=daily} 0 until 2026-11-22T00:00:00.000Z',
      'openrouter.key.usage{window=weekly} 0 until 2026-11-23T00:00:00.000Z',
      'openrouter.key.usage{window=monthly} 0 until 2026-12-01T00:00:00.000Z',
    ],
    credits: 'schema',
  },
  {
    file: 'key.200.monthly-limit.json',
    key: [
      'openrouter.key.usage{window=total} 25.5',
      'openrouter.key.usage{window=daily} 1.25 until 2026-11-22T00:00:00.000Z',
      'openrouter.key.usage{window=weekly} 6.75 until 2026-11-23T00:00:00.000Z',
      'openrouter.key.usage{window=monthly} 18.5 until 2026-12-01T00:00:00.000Z',
      'openrouter.key.limit{} 100',
      'openrouter.key.limit_remaining{} 81.5 until 2026-12-01T00:00:00.000Z',
      'openrouter.key.seconds_to_reset{} at 2026-12-01T00:00:00.000Z until 2026-12-01T00:00:00.000Z',
    ],
    credits: 'schema',
  },
  {
    file: 'key.200.over-limit.json',
    key: [
      'openrouter.key.usage{window=total} 10.0371',
      'openrouter.key.usage{window=daily} 0.4 until 2026-11-22T00:00:00.000Z',
      'openrouter.key.usage{window=weekly} 2.1 until 2026-11-23T00:00:00.000Z',
      'openrouter.key.usage{window=monthly} 10.0371 until 2026-12-01T00:00:00.000Z',
      'openrouter.key.limit{} 10',
      'openrouter.key.limit_remaining{} -0.0371',
    ],
    credits: 'schema',
  },
  {
    file: 'key.200.unlimited-free-tier.json',
    key: [
      'openrouter.key.usage{window=total} 0',
      'openrouter.key.usage{window=daily} 0 until 2026-11-22T00:00:00.000Z',
      'openrouter.key.usage{window=weekly} 0 until 2026-11-23T00:00:00.000Z',
      'openrouter.key.usage{window=monthly} 0 until 2026-12-01T00:00:00.000Z',
    ],
    credits: 'schema',
  },
  {
    file: 'credits.200.json',
    key: 'schema',
    credits: ['openrouter.credits.total{} 100.5', 'openrouter.credits.usage{} 25.75', 'openrouter.credits.remaining{} 74.75'],
  },
  {
    file: 'credits.200.high-precision.json',
    key: 'schema',
    credits: [
      'openrouter.credits.total{} 5',
      'openrouter.credits.usage{} 1.68911914',
      'openrouter.credits.remaining{} 3.31088086',
    ],
  },
  {
    file: 'credits.200.overdrawn.json',
    key: 'schema',
    credits: [
      'openrouter.credits.total{} 20',
      'openrouter.credits.usage{} 20.134217725',
      // The difference of the two doubles, not rounded.
      'openrouter.credits.remaining{} -0.13421772499999918',
    ],
  },
  { file: 'credits.200.missing-field.json', key: 'schema', credits: 'schema' },
  { file: 'credits.403.not-management-key.json', key: 'forbidden', credits: 'forbidden' },
  { file: 'error.401.missing-auth.json', key: 'credential_expired', credits: 'credential_expired' },
  { file: 'error.401.no-cookie-auth.json', key: 'credential_expired', credits: 'credential_expired' },
  { file: 'error.401.unknown-key.json', key: 'credential_expired', credits: 'credential_expired' },
  { file: 'error.402.insufficient-credits.json', key: 'upstream', credits: 'upstream' },
  { file: 'error.403.key-limit.json', key: 'forbidden', credits: 'forbidden' },
  { file: 'error.403.workspace-budget.json', key: 'forbidden', credits: 'forbidden' },
  { file: 'error.404.json', key: 'upstream', credits: 'upstream' },
  { file: 'error.429.free-tier-daily.json', key: 'rate_limited', credits: 'rate_limited' },
  { file: 'error.429.platform.json', key: 'rate_limited', credits: 'rate_limited' },
  { file: 'error.500.json', key: 'upstream', credits: 'upstream' },
  { file: 'error.502.cloudflare.html', key: 'upstream', credits: 'upstream' },
  { file: 'error.503.json', key: 'upstream', credits: 'upstream' },
  { file: 'error.524.edge-timeout.json', key: 'upstream', credits: 'upstream' },
  // Answers of other paths: none of them may pass for one of ours.
  { file: 'activity.200.empty.json', key: 'schema', credits: 'schema' },
  { file: 'activity.200.group-by-workspace.json', key: 'schema', credits: 'schema' },
  { file: 'activity.200.json', key: 'schema', credits: 'schema' },
  { file: 'activity.400.current-day.json', key: 'upstream', credits: 'upstream' },
  { file: 'activity.403.not-management-key.json', key: 'forbidden', credits: 'forbidden' },
  { file: 'analytics-meta.200.json', key: 'schema', credits: 'schema' },
  { file: 'analytics-query.200.string-counts.json', key: 'schema', credits: 'schema' },
  { file: 'analytics-query.200.truncated.json', key: 'schema', credits: 'schema' },
  { file: 'analytics-query.408.timeout.json', key: 'upstream', credits: 'upstream' },
  { file: 'guardrails.200.json', key: 'schema', credits: 'schema' },
  { file: 'keys.200.default-workspace.json', key: 'schema', credits: 'schema' },
  { file: 'keys.200.empty-page.json', key: 'schema', credits: 'schema' },
  { file: 'workspace-budgets.200.json', key: 'schema', credits: 'schema' },
  { file: 'workspaces.200.json', key: 'schema', credits: 'schema' },
];

test('every recorded body has its row, and every row its body', () => {
  const files = readdirSync(fixtures).filter((file) => file !== 'README.md');
  expect(rows.map(({ file }) => file).sort()).toEqual(files.sort());
});

test.each(rows)('$file as the answer to /key', async ({ file, key }) => {
  const upstream = await startOpenRouter({ key: recorded(file), credits: recorded('credits.403.not-management-key.json') });
  try {
    const read = openRouterAt(`${upstream.url}/api/v1`).read({ signal: AbortSignal.timeout(10_000), now });
    if (typeof key === 'string') {
      await expect(read).rejects.toThrow(SourceError);
      await expect(read).rejects.toMatchObject({ reason: key });
      expect(upstream.requests.map(({ path }) => path)).toEqual(['/api/v1/key']);
    } else {
      expect(lines((await read).gauges)).toEqual(key);
      expect((await read).at).toEqual(now);
    }
  } finally {
    await upstream.stop();
  }
});

test.each(rows)('$file as the answer to /credits', async ({ file, credits }) => {
  const upstream = await startOpenRouter({ key: recorded('key.200.management.json'), credits: recorded(file) });
  try {
    const reading = await openRouterAt(`${upstream.url}/api/v1`).read({ signal: AbortSignal.timeout(10_000), now });
    const ofCredits = lines(reading.gauges).filter((line) => !line.startsWith('openrouter.key.'));
    expect(reading.gauges).toHaveLength(4 + ofCredits.length);
    expect(reading.failures.map(({ reason }) => reason)).toEqual(typeof credits === 'string' ? [credits] : []);
    expect(ofCredits).toEqual(typeof credits === 'string' ? [] : credits);
    expect(reading.notices).toEqual([]);
  } finally {
    await upstream.stop();
  }
});
