import { onTestFinished } from 'vitest';
import { type SimulatedCookiejar, startCookiejar } from '../../../src/demo/cookiejar.ts';
import { type HttpAnswer, type SimulatedUpstream, startUpstream } from '../../../src/demo/http-server.ts';

/** A simulated account: a cookie service, claude.ai and OpenRouter. A test may change the answers while they run. */
export interface Account {
  usage: HttpAnswer;
  key: HttpAnswer;
  credits: HttpAnswer;
  readonly cookiejar: SimulatedCookiejar;
  readonly claude: SimulatedUpstream;
  readonly openRouter: SimulatedUpstream;
  /** The settings that make the agent read it. */
  readonly environment: Readonly<Record<string, string>>;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Instants of the account's answers. */
export interface Instants {
  readonly sessionReset: Date;
  readonly weekReset: Date;
  readonly poolExpiry: Date;
  /** Whole seconds, as a cookie's date is. */
  readonly cookieExpiry: Date;
}

/** Instants ahead of now. */
export function instantsFrom(nowMs: number): Instants {
  return {
    sessionReset: new Date(nowMs + 90 * minuteMs),
    weekReset: new Date(nowMs + 42 * hourMs),
    poolExpiry: new Date(nowMs + 300 * hourMs),
    cookieExpiry: new Date(Math.floor(nowMs / 1000) * 1000 + 20 * 24 * hourMs),
  };
}

/** The body of claude.ai's usage: windows by rows, a pool of credits, and pay-as-you-go credits in euros. */
export function usageBody({ sessionReset, weekReset, poolExpiry }: Instants): object {
  const row = { severity: 'normal', scope: null };
  return {
    five_hour: { utilization: 99, resets_at: sessionReset.toISOString() },
    seven_day_opus: null,
    limits: [
      { ...row, kind: 'session', group: 'session', percent: 42, resets_at: sessionReset.toISOString(), is_active: false },
      { ...row, kind: 'weekly_all', group: 'weekly', percent: 107, resets_at: weekReset.toISOString(), is_active: true },
      {
        ...row,
        kind: 'weekly_scoped',
        group: 'weekly',
        percent: 0,
        resets_at: null,
        scope: { model: { id: null, display_name: 'Fable 5' }, surface: null },
        is_active: false,
      },
    ],
    cinder_cove: {
      utilization: 25,
      resets_at: poolExpiry.toISOString(),
      limit_dollars: 250,
      used_dollars: 62.5,
      remaining_dollars: 187.5,
    },
    extra_usage: { is_enabled: true, monthly_limit: 2000, used_credits: 763, utilization: 38, currency: 'EUR' },
  };
}

const keyBody = {
  data: {
    label: 'sk-or-v1-000...001',
    limit: 100,
    limit_remaining: 81.5,
    limit_reset: 'monthly',
    usage: 25.5,
    usage_daily: 1.25,
    usage_weekly: 6.75,
    usage_monthly: 18.5,
    is_management_key: true,
  },
};

/** Starts the account's three upstreams, which end with the test. */
export async function startAccount(instants: Instants = instantsFrom(Date.now())): Promise<Account> {
  const cookiejar = await startCookiejar(() => ({
    kind: 'cookies',
    text: `sessionKey=sk-ant-sid01-fake; Path=/; Domain=.claude.ai; Expires=${instants.cookieExpiry.toUTCString()}; HttpOnly; Secure`,
  }));
  const claude = await startUpstream(({ path }) =>
    path === '/api/organizations'
      ? { status: 200, body: [{ uuid: 'api-only', capabilities: ['api'] }, { uuid: 'org-1', capabilities: ['chat'] }] }
      : path === '/api/organizations/org-1/usage'
        ? account.usage
        : { status: 404, body: {} },
  );
  const openRouter = await startUpstream(({ path }) =>
    path === '/api/v1/key' ? account.key : path === '/api/v1/credits' ? account.credits : { status: 404, body: {} },
  );
  onTestFinished(async () => {
    cookiejar.stop();
    await Promise.all([claude.stop(), openRouter.stop()]);
  });
  const account: Account = {
    usage: { status: 200, body: usageBody(instants) },
    key: { status: 200, body: keyBody },
    credits: { status: 200, body: { data: { total_credits: 100.5, total_usage: 25.75 } } },
    cookiejar,
    claude,
    openRouter,
    environment: {
      COOKIEJAR_URL: `http://127.0.0.1:${cookiejar.port}`,
      CLAUDE_AI_BASE_URL: claude.url,
      OPENROUTER_API_KEY: 'sk-or-v1-fake',
      OPENROUTER_ACCOUNT_BASE_URL: `${openRouter.url}/api/v1`,
    },
  };
  return account;
}
