import { type Canary, canary } from './secret-scan.ts';

/** A secret of each setting that has one, the same in every test. */
export const session = canary('CLAUDE_SESSION_KEY', 'sk-ant-sid01-fake');
export const openRouterKey = canary('OPENROUTER_API_KEY', 'sk-or-v1-fake');
export const adminKey = canary('ANTHROPIC_ADMIN_API_KEY');
export const headers = canary('OTEL_EXPORTER_OTLP_HEADERS');
export const metricsHeaders = canary('OTEL_EXPORTER_OTLP_METRICS_HEADERS');
export const tracesHeaders = canary('OTEL_EXPORTER_OTLP_TRACES_HEADERS');
/** As user alone, and as a password. */
export const userInfo = canary('user info of an address');
export const password = canary('password of an address');
/** Cookies that are sent on, beside the session, and one that is not. */
export const cookies = ['cf_clearance', 'sessionKeyLC', 'lastActiveOrg', '__cf_bm', '_cfuvid', 'anthropic-device-id'].map((name) => canary(name));
export const tracker = canary('_ga');

export const canaries: readonly Canary[] = [
  session,
  ...cookies,
  tracker,
  openRouterKey,
  adminKey,
  headers,
  metricsHeaders,
  tracesHeaders,
  userInfo,
  password,
];

const jar = [{ name: 'sessionKey', value: session.value }, ...cookies, tracker];

/** All cookies as a Cookie header has them, and as a cookie service hands them out. */
export const cookieHeader = jar.map(({ name, value }) => `${name}=${value}`).join('; ');
export const setCookies = jar.map(({ name, value }) => `${name}=${value}; Path=/; Domain=.claude.ai; Secure`).join('; ');

/** The headers of each setting as the standard writes them. */
export const otlpHeaders = `authorization=Bearer%20${encodeURIComponent(headers.value)},x-team=agents`;
export const otlpMetricsHeaders = `x-api-key=${encodeURIComponent(metricsHeaders.value)}`;
export const otlpTracesHeaders = `x-traces-key=${encodeURIComponent(tracesHeaders.value)}`;
