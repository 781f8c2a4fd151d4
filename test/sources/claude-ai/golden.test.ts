import { readFileSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type HttpAnswer, type SimulatedUpstream, startUpstream } from '../../../src/demo/http-server.ts';
import type { Reason } from '../../../src/model/reasons.ts';
import { lines } from '../../support/points.ts';
import { claudeAiAt, readAt } from './support.ts';

const folder = new URL('../../fixtures/claude-ai/', import.meta.url);

/** A file, how it is served, and what must come of it: its points, or a reason. */
interface Row {
  readonly file: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The file has the headers of the answer, not its body. */
  readonly asHeaders?: true;
  /** Before every reset of the body, unless the row says otherwise. */
  readonly now?: string;
  readonly points?: readonly string[];
  readonly notUsed?: string;
  readonly reason?: Reason;
  readonly retryAfterMs?: number;
}

const rows: readonly Row[] = [
  {
    file: 'usage-legacy-2025-11.json',
    now: '2025-11-25T20:00:00Z',
    points: [
      'claude.usage.utilization{metric_name=five_hour} 0.19 until 2025-11-25T22:00:00.288Z',
      'claude.usage.seconds_to_reset{metric_name=five_hour} at 2025-11-25T22:00:00.288Z until 2025-11-25T22:00:00.288Z',
      'claude.usage.elapsed{metric_name=five_hour} 5h before 2025-11-25T22:00:00.288Z until 2025-11-25T22:00:00.288Z',
      'claude.usage.utilization{metric_name=seven_day} 0.07 until 2025-12-01T21:00:00.288Z',
      'claude.usage.seconds_to_reset{metric_name=seven_day} at 2025-12-01T21:00:00.288Z until 2025-12-01T21:00:00.288Z',
      'claude.usage.elapsed{metric_name=seven_day} 168h before 2025-12-01T21:00:00.288Z until 2025-12-01T21:00:00.288Z',
      'claude.usage.utilization{metric_name=seven_day_oauth_apps} 0',
    ],
  },
  {
    file: 'usage-web-int-utilization-2025-12.json',
    now: '2025-12-23T15:00:00Z',
    points: [
      'claude.usage.utilization{metric_name=five_hour} 0.09 until 2025-12-23T16:00:00.000Z',
      'claude.usage.seconds_to_reset{metric_name=five_hour} at 2025-12-23T16:00:00.000Z until 2025-12-23T16:00:00.000Z',
      'claude.usage.elapsed{metric_name=five_hour} 5h before 2025-12-23T16:00:00.000Z until 2025-12-23T16:00:00.000Z',
      'claude.usage.utilization{metric_name=seven_day} 0.04 until 2025-12-29T23:00:00.000Z',
      'claude.usage.seconds_to_reset{metric_name=seven_day} at 2025-12-29T23:00:00.000Z until 2025-12-29T23:00:00.000Z',
      'claude.usage.elapsed{metric_name=seven_day} 168h before 2025-12-29T23:00:00.000Z until 2025-12-29T23:00:00.000Z',
      // Its week would begin eight hours from now: the countdown stands, a share of the week that is gone does not.
      'claude.usage.utilization{metric_name=seven_day_sonnet} 0.06 until 2025-12-30T23:00:00.000Z',
      'claude.usage.seconds_to_reset{metric_name=seven_day_sonnet} at 2025-12-30T23:00:00.000Z until 2025-12-30T23:00:00.000Z',
      'claude.usage.utilization{metric_name=seven_day_opus} 0.01',
    ],
  },
  {
    file: 'usage-cowork-extra-usage-2026-04.json',
    now: '2026-04-25T08:00:00Z',
    points: [
      'claude.usage.utilization{metric_name=five_hour} 0.125 until 2026-04-25T12:00:00.000Z',
      'claude.usage.seconds_to_reset{metric_name=five_hour} at 2026-04-25T12:00:00.000Z until 2026-04-25T12:00:00.000Z',
      'claude.usage.elapsed{metric_name=five_hour} 5h before 2026-04-25T12:00:00.000Z until 2026-04-25T12:00:00.000Z',
      'claude.usage.utilization{metric_name=seven_day} 0.3 until 2026-04-30T00:00:00.000Z',
      'claude.usage.seconds_to_reset{metric_name=seven_day} at 2026-04-30T00:00:00.000Z until 2026-04-30T00:00:00.000Z',
      'claude.usage.elapsed{metric_name=seven_day} 168h before 2026-04-30T00:00:00.000Z until 2026-04-30T00:00:00.000Z',
      'claude.usage.utilization{metric_name=seven_day_sonnet} 0.05 until 2026-04-30T00:00:00.000Z',
      'claude.usage.seconds_to_reset{metric_name=seven_day_sonnet} at 2026-04-30T00:00:00.000Z until 2026-04-30T00:00:00.000Z',
      'claude.usage.elapsed{metric_name=seven_day_sonnet} 168h before 2026-04-30T00:00:00.000Z until 2026-04-30T00:00:00.000Z',
      'claude.usage.utilization{metric_name=seven_day_cowork} 0.09 until 2026-04-30T00:00:00.000Z',
      'claude.usage.seconds_to_reset{metric_name=seven_day_cowork} at 2026-04-30T00:00:00.000Z until 2026-04-30T00:00:00.000Z',
      'claude.usage.elapsed{metric_name=seven_day_cowork} 168h before 2026-04-30T00:00:00.000Z until 2026-04-30T00:00:00.000Z',
      'claude.usage.utilization{metric_name=seven_day_omelette} 0.29 until 2026-04-30T00:00:00.000Z',
      'claude.usage.seconds_to_reset{metric_name=seven_day_omelette} at 2026-04-30T00:00:00.000Z until 2026-04-30T00:00:00.000Z',
      'claude.usage.elapsed{metric_name=seven_day_omelette} 168h before 2026-04-30T00:00:00.000Z until 2026-04-30T00:00:00.000Z',
      'claude.usage.utilization{metric_name=extra_usage} 0.3815',
      'claude.extra_usage.used{currency=EUR} 7.63',
      'claude.extra_usage.limit{currency=EUR} 20',
    ],
  },
  {
    file: 'usage-limits-first-shape-2026-07.json',
    now: '2026-07-02T22:00:00Z',
    points: [
      'claude.usage.utilization{metric_name=five_hour} 0.16 until 2026-07-03T00:30:00.440Z',
      'claude.usage.seconds_to_reset{metric_name=five_hour} at 2026-07-03T00:30:00.440Z until 2026-07-03T00:30:00.440Z',
      'claude.usage.elapsed{metric_name=five_hour} 5h before 2026-07-03T00:30:00.440Z until 2026-07-03T00:30:00.440Z',
      'claude.usage.limit_active{metric_name=five_hour} 1 until 2026-07-03T00:30:00.440Z',
      'claude.usage.utilization{metric_name=seven_day} 0.1 until 2026-07-08T09:00:00.440Z',
      'claude.usage.seconds_to_reset{metric_name=seven_day} at 2026-07-08T09:00:00.440Z until 2026-07-08T09:00:00.440Z',
      'claude.usage.elapsed{metric_name=seven_day} 168h before 2026-07-08T09:00:00.440Z until 2026-07-08T09:00:00.440Z',
      'claude.usage.limit_active{metric_name=seven_day} 0 until 2026-07-08T09:00:00.440Z',
      'claude.usage.utilization{metric_name=seven_day_fable} 0.05 until 2026-07-08T09:00:00.441Z',
      'claude.usage.seconds_to_reset{metric_name=seven_day_fable} at 2026-07-08T09:00:00.441Z until 2026-07-08T09:00:00.441Z',
      'claude.usage.elapsed{metric_name=seven_day_fable} 168h before 2026-07-08T09:00:00.441Z until 2026-07-08T09:00:00.441Z',
      'claude.usage.limit_active{metric_name=seven_day_fable} 0 until 2026-07-08T09:00:00.441Z',
    ],
  },
  {
    file: 'usage-spend-no-cap-2026-07.json',
    now: '2026-07-21T20:00:00Z',
    points: [
      'claude.usage.utilization{metric_name=five_hour} 0.47 until 2026-07-21T23:29:59.538Z',
      'claude.usage.seconds_to_reset{metric_name=five_hour} at 2026-07-21T23:29:59.538Z until 2026-07-21T23:29:59.538Z',
      'claude.usage.elapsed{metric_name=five_hour} 5h before 2026-07-21T23:29:59.538Z until 2026-07-21T23:29:59.538Z',
      'claude.usage.limit_active{metric_name=five_hour} 1 until 2026-07-21T23:29:59.538Z',
      'claude.usage.utilization{metric_name=seven_day} 0.13 until 2026-07-27T16:59:59.538Z',
      'claude.usage.seconds_to_reset{metric_name=seven_day} at 2026-07-27T16:59:59.538Z until 2026-07-27T16:59:59.538Z',
      'claude.usage.elapsed{metric_name=seven_day} 168h before 2026-07-27T16:59:59.538Z until 2026-07-27T16:59:59.538Z',
      'claude.usage.limit_active{metric_name=seven_day} 0 until 2026-07-27T16:59:59.538Z',
      'claude.usage.utilization{metric_name=seven_day_fable} 0.14 until 2026-07-27T16:59:59.538Z',
      'claude.usage.seconds_to_reset{metric_name=seven_day_fable} at 2026-07-27T16:59:59.538Z until 2026-07-27T16:59:59.538Z',
      'claude.usage.elapsed{metric_name=seven_day_fable} 168h before 2026-07-27T16:59:59.538Z until 2026-07-27T16:59:59.538Z',
      'claude.usage.limit_active{metric_name=seven_day_fable} 0 until 2026-07-27T16:59:59.538Z',
      // No cap: `percent` is 0 beside 123.45 spent, and is a share of nothing.
      'claude.extra_usage.used{currency=USD} 123.45',
    ],
    notUsed: 'member_dashboard_available',
  },
  {
    file: 'usage-idle-null-resets-2026-08.json',
    now: '2026-08-15T12:00:00Z',
    points: [
      'claude.usage.utilization{metric_name=five_hour} 0',
      'claude.usage.limit_active{metric_name=five_hour} 0',
      'claude.usage.utilization{metric_name=seven_day} 0.02 until 2026-08-20T07:00:00.222Z',
      'claude.usage.seconds_to_reset{metric_name=seven_day} at 2026-08-20T07:00:00.222Z until 2026-08-20T07:00:00.222Z',
      'claude.usage.elapsed{metric_name=seven_day} 168h before 2026-08-20T07:00:00.222Z until 2026-08-20T07:00:00.222Z',
      'claude.usage.limit_active{metric_name=seven_day} 1 until 2026-08-20T07:00:00.222Z',
      'claude.usage.utilization{metric_name=seven_day_fable} 0',
      'claude.usage.limit_active{metric_name=seven_day_fable} 0',
      'claude.extra_usage.used{currency=USD} 0',
    ],
    notUsed: 'member_dashboard_available, nimbus_quill',
  },
  {
    file: 'usage-max-full-keys-2026-10.json',
    now: '2026-10-02T12:15:00Z',
    points: [
      'claude.usage.utilization{metric_name=five_hour} 0.11 until 2026-10-02T12:29:59.926Z',
      'claude.usage.seconds_to_reset{metric_name=five_hour} at 2026-10-02T12:29:59.926Z until 2026-10-02T12:29:59.926Z',
      'claude.usage.elapsed{metric_name=five_hour} 5h before 2026-10-02T12:29:59.926Z until 2026-10-02T12:29:59.926Z',
      'claude.usage.limit_active{metric_name=five_hour} 0 until 2026-10-02T12:29:59.926Z',
      'claude.usage.utilization{metric_name=seven_day} 0.48 until 2026-10-05T22:59:59.926Z',
      'claude.usage.seconds_to_reset{metric_name=seven_day} at 2026-10-05T22:59:59.926Z until 2026-10-05T22:59:59.926Z',
      'claude.usage.elapsed{metric_name=seven_day} 168h before 2026-10-05T22:59:59.926Z until 2026-10-05T22:59:59.926Z',
      'claude.usage.limit_active{metric_name=seven_day} 1 until 2026-10-05T22:59:59.926Z',
      'claude.usage.utilization{metric_name=seven_day_fable} 0 until 2026-10-05T23:00:00.000Z',
      'claude.usage.seconds_to_reset{metric_name=seven_day_fable} at 2026-10-05T23:00:00.000Z until 2026-10-05T23:00:00.000Z',
      'claude.usage.elapsed{metric_name=seven_day_fable} 168h before 2026-10-05T23:00:00.000Z until 2026-10-05T23:00:00.000Z',
      'claude.usage.limit_active{metric_name=seven_day_fable} 0 until 2026-10-05T23:00:00.000Z',
      'claude.extra_usage.used{currency=USD} 0',
    ],
    notUsed: 'member_dashboard_available',
  },
  {
    file: 'usage-max-full-keys-2026-10.json',
    // After the session's reset, as a late body has it: what was used stands, the countdown does not.
    now: '2026-10-02T12:30:30Z',
    points: [
      'claude.usage.utilization{metric_name=five_hour} 0.11',
      'claude.usage.limit_active{metric_name=five_hour} 0',
      'claude.usage.utilization{metric_name=seven_day} 0.48 until 2026-10-05T22:59:59.926Z',
      'claude.usage.seconds_to_reset{metric_name=seven_day} at 2026-10-05T22:59:59.926Z until 2026-10-05T22:59:59.926Z',
      'claude.usage.elapsed{metric_name=seven_day} 168h before 2026-10-05T22:59:59.926Z until 2026-10-05T22:59:59.926Z',
      'claude.usage.limit_active{metric_name=seven_day} 1 until 2026-10-05T22:59:59.926Z',
      'claude.usage.utilization{metric_name=seven_day_fable} 0 until 2026-10-05T23:00:00.000Z',
      'claude.usage.seconds_to_reset{metric_name=seven_day_fable} at 2026-10-05T23:00:00.000Z until 2026-10-05T23:00:00.000Z',
      'claude.usage.elapsed{metric_name=seven_day_fable} 168h before 2026-10-05T23:00:00.000Z until 2026-10-05T23:00:00.000Z',
      'claude.usage.limit_active{metric_name=seven_day_fable} 0 until 2026-10-05T23:00:00.000Z',
      'claude.extra_usage.used{currency=USD} 0',
    ],
    notUsed: 'member_dashboard_available',
  },
  {
    file: 'usage-reset-grants-eligible-2026-10.json',
    now: '2026-10-07T12:00:00Z',
    points: [
      'claude.usage.utilization{metric_name=five_hour} 0.01 until 2026-10-07T15:29:59.100Z',
      'claude.usage.seconds_to_reset{metric_name=five_hour} at 2026-10-07T15:29:59.100Z until 2026-10-07T15:29:59.100Z',
      'claude.usage.elapsed{metric_name=five_hour} 5h before 2026-10-07T15:29:59.100Z until 2026-10-07T15:29:59.100Z',
      'claude.usage.limit_active{metric_name=five_hour} 0 until 2026-10-07T15:29:59.100Z',
      'claude.usage.utilization{metric_name=seven_day} 0.6 until 2026-10-09T14:00:00.100Z',
      'claude.usage.seconds_to_reset{metric_name=seven_day} at 2026-10-09T14:00:00.100Z until 2026-10-09T14:00:00.100Z',
      'claude.usage.elapsed{metric_name=seven_day} 168h before 2026-10-09T14:00:00.100Z until 2026-10-09T14:00:00.100Z',
      'claude.usage.limit_active{metric_name=seven_day} 1 until 2026-10-09T14:00:00.100Z',
    ],
    notUsed: 'cedar_ember, juniper_tide',
  },
  {
    file: 'usage-reset-grants-ineligible-2026-10.json',
    now: '2026-10-06T17:00:00Z',
    points: [
      'claude.usage.utilization{metric_name=five_hour} 0.27 until 2026-10-06T18:00:00.300Z',
      'claude.usage.seconds_to_reset{metric_name=five_hour} at 2026-10-06T18:00:00.300Z until 2026-10-06T18:00:00.300Z',
      'claude.usage.elapsed{metric_name=five_hour} 5h before 2026-10-06T18:00:00.300Z until 2026-10-06T18:00:00.300Z',
      'claude.usage.utilization{metric_name=seven_day} 0.75 until 2026-10-09T14:00:00.300Z',
      'claude.usage.seconds_to_reset{metric_name=seven_day} at 2026-10-09T14:00:00.300Z until 2026-10-09T14:00:00.300Z',
      'claude.usage.elapsed{metric_name=seven_day} 168h before 2026-10-09T14:00:00.300Z until 2026-10-09T14:00:00.300Z',
    ],
    notUsed: 'cedar_ember',
  },

  // Answers of other endpoints in the place of usage.
  { file: 'organizations-two-orgs.json', reason: 'schema' },
  { file: 'account-team-seats.json', reason: 'schema' },
  { file: 'overage-spend-limit-enabled.json', reason: 'schema' },
  { file: 'prepaid-credits-tranches-2026-10.json', reason: 'schema' },
  { file: 'prepaid-credits-promo-2026-09.json', reason: 'schema' },
  { file: 'subscription-details-inferred.json', reason: 'schema' },
  { file: 'oauth-profile-max.json', reason: 'schema' },
  { file: 'claude-code-credentials-file.json', reason: 'schema' },

  { file: 'error-403-session-invalid.json', status: 403, headers: { 'x-should-retry': 'false' }, reason: 'credential_expired' },
  { file: 'error-403-session-invalid.json', reason: 'schema' },
  { file: 'error-403-oauth-scope.json', status: 403, reason: 'forbidden' },
  { file: 'error-401-oauth-invalid.json', status: 401, reason: 'credential_expired' },
  { file: 'error-401-oauth-expired.json', status: 401, reason: 'credential_expired' },
  { file: 'error-401-oauth-expired.json', reason: 'schema' },
  { file: 'error-429-rate-limited.json', status: 429, reason: 'rate_limited' },
  { file: 'error-429-rate-limited.json', status: 429, headers: { 'retry-after': '0' }, reason: 'rate_limited' },
  { file: 'error-429-rate-limited.json', status: 429, headers: { 'retry-after': '3600' }, reason: 'rate_limited', retryAfterMs: 3_600_000 },
  { file: 'error-429-rate-limited.json', reason: 'schema' },
  { file: 'messages-429-unified-headers.json', status: 429, asHeaders: true, reason: 'rate_limited', retryAfterMs: 51_811_000 },
  { file: 'messages-429-unified-headers.json', reason: 'schema' },
  { file: 'error-400-bad-org-uuid-inferred.json', status: 400, reason: 'upstream' },
  { file: 'error-400-refresh-invalid-grant-inferred.json', status: 400, reason: 'upstream' },
  { file: 'error-400-refresh-invalid-grant-inferred.json', reason: 'schema' },
  { file: 'error-529-overloaded-inferred.json', status: 529, reason: 'upstream' },
  {
    file: 'error-403-cloudflare-challenge.html',
    status: 403,
    headers: { 'content-type': 'text/html; charset=UTF-8', 'cf-mitigated': 'challenge' },
    reason: 'challenged',
  },
  { file: 'error-403-cloudflare-challenge.html', status: 503, headers: { 'content-type': 'text/html' }, reason: 'challenged' },
  { file: 'error-403-cloudflare-challenge.html', headers: { 'content-type': 'text/html' }, reason: 'challenged' },
];

let upstream: SimulatedUpstream;
let answer: HttpAnswer;
beforeAll(async () => {
  upstream = await startUpstream(() => answer);
});
afterAll(() => upstream.stop());

test.each(rows.map((row) => ({ ...row, title: `${row.file} as ${row.status ?? 200} gives ${row.reason ?? 'its points'}` })))(
  '$title',
  async (row) => {
    answer = answerOf(row);
    const source = claudeAiAt(upstream.url, { organizationId: '00000000-0000-4000-8000-00000000000a' });
    const read = readAt(source, row.now ?? '2026-10-02T12:15:00Z');
    if (row.reason !== undefined) {
      await expect(read).rejects.toMatchObject({ name: 'SourceError', reason: row.reason, retryAfterMs: row.retryAfterMs });
      return;
    }
    const reading = await read;
    expect(lines(reading.gauges)).toEqual(row.points);
    expect(reading.failures).toEqual([]);
    const notices = row.notUsed === undefined ? [] : [{ level: 'debug', text: `usage keys not used: ${row.notUsed}` }];
    expect(reading.notices).toEqual(notices);
  },
);

test('every file of the folder is a row', () => {
  const files = readdirSync(folder).filter((file) => file !== 'README.md');
  expect([...new Set(rows.map(({ file }) => file))].sort()).toEqual(files.sort());
});

function answerOf({ file, status = 200, headers = {}, asHeaders }: Row): HttpAnswer {
  const bytes = readFileSync(new URL(file, folder));
  if (asHeaders === true) return { status, headers: JSON.parse(bytes.toString()) as Record<string, string>, body: {} };
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: bytes };
}
