import { devNull } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { usageDimensions } from '../../src/model/usage-dimensions.ts';
import { file, problemsOf, removeFiles } from './load.ts';

afterAll(removeFiles);

/** Enough to be configured. */
const key = { OPENROUTER_API_KEY: 'sk-or-v1-fake' };
const missing = join('/nonexistent', 'secret');
const pem = file('ca.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
const notPem = file('ca.txt', 'hello');
const emptyFile = file('empty.txt', ' \n');
const controlFile = file('control.txt', 'sk-or-\u0007-fake');

const cases: readonly (readonly [rule: string, environment: Record<string, string>, ...lines: string[]])[] = [
  ['nothing configured', {},
    'nothing to read is configured: set COOKIEJAR_URL, CLAUDE_SESSION_KEY or CLAUDE_COOKIE for claude.ai, ANTHROPIC_ADMIN_API_KEY for an organization, or OPENROUTER_API_KEY for OpenRouter',
    'to see it work without an account: claude-usage-metrics demo'],
  ['everything empty or blank', { OPENROUTER_API_KEY: '', CLAUDE_COOKIE: '  ', COOKIEJAR_URL: '\t' },
    'nothing to read is configured: set COOKIEJAR_URL, CLAUDE_SESSION_KEY or CLAUDE_COOKIE for claude.ai, ANTHROPIC_ADMIN_API_KEY for an organization, or OPENROUTER_API_KEY for OpenRouter',
    'to see it work without an account: claude-usage-metrics demo'],

  ['an interval without a unit', { ...key, CLAUDE_POLL_INTERVAL: '120' },
    'CLAUDE_POLL_INTERVAL is not a duration; write a number and ms, s, m or h, for example 90s ("120")'],
  ['an interval of nothing', { ...key, OPENROUTER_POLL_INTERVAL: '0s' },
    'OPENROUTER_POLL_INTERVAL is not a duration; write a number and ms, s, m or h, for example 90s ("0s")'],
  ['an interval longer than a timer can be', { ...key, OPENROUTER_POLL_INTERVAL: '600h' },
    'OPENROUTER_POLL_INTERVAL is not a duration; write a number and ms, s, m or h, for example 90s ("600h")'],
  ['an interval below its floor', { ...key, OPENROUTER_POLL_INTERVAL: '59.9s' },
    'OPENROUTER_POLL_INTERVAL is below its floor of 60s ("59.9s")'],
  ['two intervals wrong at once', { ...key, OPENROUTER_POLL_INTERVAL: '1s', CLAUDE_POLL_INTERVAL: '500ms' },
    'CLAUDE_POLL_INTERVAL is below its floor of 60s ("500ms")',
    'OPENROUTER_POLL_INTERVAL is below its floor of 60s ("1s")'],

  ['intervals of the Admin API below their floors',
    { ANTHROPIC_ADMIN_API_KEY: 'sk-ant-admin01-fake', ANTHROPIC_USAGE_POLL_INTERVAL: '30s', ANTHROPIC_COST_POLL_INTERVAL: '4m', ANTHROPIC_SLOW_POLL_INTERVAL: '60s' },
    'ANTHROPIC_USAGE_POLL_INTERVAL is below its floor of 60s ("30s")',
    'ANTHROPIC_COST_POLL_INTERVAL is below its floor of 5m ("4m")',
    'ANTHROPIC_SLOW_POLL_INTERVAL is below its floor of 15m ("60s")'],
  ['a dimension of usage that is none', { ...key, ANTHROPIC_USAGE_GROUP_BY: 'model,colour' },
    `ANTHROPIC_USAGE_GROUP_BY must be 1 to 5 different ones of ${usageDimensions.join(', ')} ("model,colour")`],
  ['a dimension of usage twice', { ...key, ANTHROPIC_USAGE_GROUP_BY: 'model,model' },
    `ANTHROPIC_USAGE_GROUP_BY must be 1 to 5 different ones of ${usageDimensions.join(', ')} ("model,model")`],
  ['more dimensions of usage than the API takes', { ...key, ANTHROPIC_USAGE_GROUP_BY: usageDimensions.slice(0, 6).join() },
    `ANTHROPIC_USAGE_GROUP_BY must be 1 to 5 different ones of ${usageDimensions.join(', ')}`],
  ['no dimension of usage', { ...key, ANTHROPIC_USAGE_GROUP_BY: ',' },
    `ANTHROPIC_USAGE_GROUP_BY must be 1 to 5 different ones of ${usageDimensions.join(', ')} (",")`],
  ['a beta that is no name of one', { ...key, ANTHROPIC_ANALYTICS_BETA: 'analytics usage' },
    'ANTHROPIC_ANALYTICS_BETA is no name of a beta ("analytics usage")'],
  ['a switch that is neither on nor off', { ...key, ANTHROPIC_OWNER_ATTRIBUTES: 'no' },
    'ANTHROPIC_OWNER_ATTRIBUTES must be one of true, false ("no")'],
  ['an Admin key over plain HTTP', { ...key, ANTHROPIC_ADMIN_BASE_URL: 'http://api.anthropic.com' },
    'ANTHROPIC_ADMIN_BASE_URL may be http:// on loopback only; use https://, credentials go there ("http://api.anthropic.com")'],
  ['an Admin key in two words', { ANTHROPIC_ADMIN_API_KEY: 'sk-ant-admin01-fake two' },
    'ANTHROPIC_ADMIN_API_KEY has a space in it'],

  ['an address without a scheme', { COOKIEJAR_URL: '//host' },
    'COOKIEJAR_URL is not a URL; write it with its scheme, for example https://host:port ("//host")'],
  ['a Windows path in place of an address', { COOKIEJAR_URL: 'C:\\jar' },
    'COOKIEJAR_URL must begin with http:// or https:// ("C:\\jar")'],
  ['an address with a password', { COOKIEJAR_URL: 'http://user:hunter2@host' },
    'COOKIEJAR_URL must not have a user or password in it'],
  ['an address with a query', { ...key, CLAUDE_AI_BASE_URL: 'https://host/?token=hunter2' },
    'CLAUDE_AI_BASE_URL must not have a query or a fragment'],
  ['a gRPC address with a path', { COOKIEJAR_URL: 'http://host/cookies' },
    'COOKIEJAR_URL must not have a path ("http://host/cookies")'],
  ['credentials over plain HTTP', { ...key, OPENROUTER_ACCOUNT_BASE_URL: 'http://openrouter.ai/api/v1' },
    'OPENROUTER_ACCOUNT_BASE_URL may be http:// on loopback only; use https://, credentials go there ("http://openrouter.ai/api/v1")'],

  ['a control character in a cookie', { CLAUDE_COOKIE: 'sessionKey=sk-ant-sid01-fake\u0000' },
    'CLAUDE_COOKIE has characters that no header may carry'],
  ['a line break in a cookie', { CLAUDE_COOKIE: 'sessionKey=a\r\nx-injected: b' },
    'CLAUDE_COOKIE has characters that no header may carry'],
  ['a bare cookie value', { CLAUDE_COOKIE: 'sk-ant-sid01-fake' },
    'CLAUDE_COOKIE is not a Cookie header; write name=value; name=value'],
  ['a whole header as session key', { CLAUDE_SESSION_KEY: 'sessionKey=sk-ant-sid01-fake; a=b' },
    'CLAUDE_SESSION_KEY is not one cookie value; a whole Cookie header goes into CLAUDE_COOKIE'],
  ['an API key in two words', { OPENROUTER_API_KEY: 'sk-or-v1-fake two' },
    'OPENROUTER_API_KEY has a space in it'],
  ['a secret and its file', { ...key, OPENROUTER_API_KEY_FILE: notPem },
    'OPENROUTER_API_KEY and OPENROUTER_API_KEY_FILE are both given; keep one'],
  ['a secret file that is not there', { CLAUDE_COOKIE_FILE: missing },
    `CLAUDE_COOKIE_FILE: the file ${missing} cannot be read (ENOENT)`],
  ['a secret file on another system', { CLAUDE_COOKIE_FILE: 'C:\\secrets\\cookie.txt' },
    'CLAUDE_COOKIE_FILE: the file C:\\secrets\\cookie.txt cannot be read (ENOENT)'],
  ['the secret itself as path of its file', { CLAUDE_SESSION_KEY_FILE: 'sk-ant-sid01-fake' },
    'CLAUDE_SESSION_KEY_FILE: the file cannot be read (ENOENT)'],
  ['a secret file that is a device, or a pipe', { OPENROUTER_API_KEY_FILE: devNull },
    `OPENROUTER_API_KEY_FILE: the file ${devNull} cannot be read (it is read again later, which a pipe or a device is not for; put it into a regular file)`],
  ['an empty secret file', { OPENROUTER_API_KEY_FILE: emptyFile },
    'OPENROUTER_API_KEY_FILE is empty'],
  ['a control character in a secret file', { OPENROUTER_API_KEY_FILE: controlFile },
    'OPENROUTER_API_KEY_FILE has characters that no header may carry'],

  ['cookies from two places', { CLAUDE_COOKIE: 'a=b', CLAUDE_SESSION_KEY: 'sk-ant-sid01-fake' },
    'CLAUDE_SESSION_KEY and CLAUDE_COOKIE are given together; cookies come from one of them'],
  ['an organization that is no id', { ...key, CLAUDE_ORGANIZATION_ID: '../../evil' },
    'CLAUDE_ORGANIZATION_ID is not an organization id (a UUID) ("../../evil")'],
  ['no cookie names', { ...key, CLAUDE_COOKIE_NAMES: ',' },
    'CLAUDE_COOKIE_NAMES names no cookie (",")'],
  ['a user agent with a line break, after which there may be another setting', { ...key, CLAUDE_USER_AGENT: 'a\nb' },
    'CLAUDE_USER_AGENT has characters that no header may carry'],
  ['an account name with a control character', { ...key, ACCOUNT_NAME: 'a\u0007b' },
    'ACCOUNT_NAME must be 1 to 64 printable characters ("a\\u{7}b")'],
  ['a line separator', { ...key, LOG_LEVEL: 'a\u2028b' },
    'LOG_LEVEL must be one of debug, info, warn, error, silent ("a\\u{2028}b")'],
  ['a log level that is none', { ...key, LOG_LEVEL: 'loud' },
    'LOG_LEVEL must be one of debug, info, warn, error, silent ("loud")'],
  ['a long value, which may be a secret in the wrong place', { ...key, LOG_LEVEL: 'x'.repeat(41) },
    'LOG_LEVEL must be one of debug, info, warn, error, silent'],
  ['a key in the wrong place', { ...key, LOG_LEVEL: 'sk-ant-sid01-fake' },
    'LOG_LEVEL must be one of debug, info, warn, error, silent'],

  ['a certificate without TLS', { COOKIEJAR_URL: 'http://host', COOKIEJAR_CERTIFICATE: pem },
    'COOKIEJAR_URL is http:// but a certificate is set for it; write https://'],
  ['half a client certificate', { COOKIEJAR_URL: 'https://host', COOKIEJAR_CLIENT_KEY: pem },
    'COOKIEJAR_CLIENT_CERTIFICATE and COOKIEJAR_CLIENT_KEY go together; one is missing'],
  ['certificates that cannot be read',
    { COOKIEJAR_URL: 'https://host', COOKIEJAR_CERTIFICATE: missing, COOKIEJAR_CLIENT_CERTIFICATE: notPem, COOKIEJAR_CLIENT_KEY: pem },
    `COOKIEJAR_CERTIFICATE: the file ${missing} cannot be read (ENOENT)`,
    `COOKIEJAR_CLIENT_CERTIFICATE: the file ${notPem} is not PEM`],

  ['gRPC with a path', { ...key, OTEL_EXPORTER_OTLP_ENDPOINT: 'https://host/otlp', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    'OTEL_EXPORTER_OTLP_ENDPOINT has a path, which OTLP/gRPC has no place for; set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf'],
  ['gRPC with a query', { ...key, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'https://host?token=hunter2' },
    'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT has a query, which OTLP/gRPC has no place for; set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf'],
  ['an unknown protocol', { ...key, OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'http/json' },
    'OTEL_EXPORTER_OTLP_METRICS_PROTOCOL must be grpc or http/protobuf ("http/json")'],
  ['an endpoint of another scheme', { ...key, OTEL_EXPORTER_OTLP_ENDPOINT: 'grpc://host:4317' },
    'OTEL_EXPORTER_OTLP_ENDPOINT must be an address such as http://localhost:4317 ("grpc://host:4317")'],
  ['an endpoint with a password', { ...key, OTEL_EXPORTER_OTLP_ENDPOINT: 'https://user:hunter2@host' },
    'OTEL_EXPORTER_OTLP_ENDPOINT must not have a user or password in it; use OTEL_EXPORTER_OTLP_HEADERS'],
  ['an unknown compression', { ...key, OTEL_EXPORTER_OTLP_COMPRESSION: 'zstd' },
    'OTEL_EXPORTER_OTLP_COMPRESSION must be gzip or none ("zstd")'],
  ['times that are none',
    { ...key, OTEL_EXPORTER_OTLP_TIMEOUT: '10s', OTEL_METRIC_EXPORT_INTERVAL: '0', OTEL_METRIC_EXPORT_TIMEOUT: '0x10', OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: '2147483648' },
    'OTEL_EXPORTER_OTLP_METRICS_TIMEOUT must be a whole number of milliseconds above 0 ("2147483648")',
    'OTEL_EXPORTER_OTLP_TIMEOUT must be a whole number of milliseconds above 0 ("10s")',
    'OTEL_METRIC_EXPORT_INTERVAL must be a whole number of milliseconds above 0 ("0")',
    'OTEL_METRIC_EXPORT_TIMEOUT must be a whole number of milliseconds above 0 ("0x10")'],
  ['OTLP certificates that cannot be read', { ...key, OTEL_EXPORTER_OTLP_CERTIFICATE: missing, OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY: notPem },
    `OTEL_EXPORTER_OTLP_CERTIFICATE: the file ${missing} cannot be read (ENOENT)`,
    `OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY: the file ${notPem} is not PEM`,
    'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY go together; one is missing'],
  ['a header without a value', { ...key, OTEL_EXPORTER_OTLP_HEADERS: 'a=b,Bearer hunter2' },
    'OTEL_EXPORTER_OTLP_HEADERS must be name=value,name=value (pair 2 is not; a comma in a value is %2C, a percent sign %25)'],
  ['a header with a broken escape', { ...key, OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'a=100%' },
    'OTEL_EXPORTER_OTLP_METRICS_HEADERS must be name=value,name=value (pair 1 is not; a comma in a value is %2C, a percent sign %25)'],
  ['a header that the SDK would cut', { ...key, OTEL_EXPORTER_OTLP_HEADERS: 'cookie=a=b;c=hunter2' },
    'OTEL_EXPORTER_OTLP_HEADERS must have ; in a value as %3B (pair 1)'],
  ['a header with a line break in it', { ...key, OTEL_EXPORTER_OTLP_HEADERS: 'a=b%0d%0ac' },
    'OTEL_EXPORTER_OTLP_HEADERS has characters that no header may carry (pair 1)'],
  ['a header of the connection', { ...key, OTEL_EXPORTER_OTLP_HEADERS: 'a=b,Keep-Alive=5' },
    'OTEL_EXPORTER_OTLP_HEADERS has a header that is the connection’s own (pair 2)'],
  ['a header that gRPC wants bytes for', { ...key, OTEL_EXPORTER_OTLP_HEADERS: 'token-bin=abc' },
    'OTEL_EXPORTER_OTLP_HEADERS has a name that ends in -bin, which gRPC keeps for bytes (pair 1)'],
  ['headers and their file', { ...key, OTEL_EXPORTER_OTLP_HEADERS: 'a=b', OTEL_EXPORTER_OTLP_HEADERS_FILE: pem },
    'OTEL_EXPORTER_OTLP_HEADERS and OTEL_EXPORTER_OTLP_HEADERS_FILE are both given; keep one'],
  ['a headers file that is wrong', { ...key, OTEL_EXPORTER_OTLP_HEADERS_FILE: notPem },
    'OTEL_EXPORTER_OTLP_HEADERS_FILE must be name=value,name=value (pair 1 is not; a comma in a value is %2C, a percent sign %25)'],
  ['a headers file that is not there', { ...key, OTEL_EXPORTER_OTLP_METRICS_HEADERS_FILE: missing },
    `OTEL_EXPORTER_OTLP_METRICS_HEADERS_FILE: the file ${missing} cannot be read (ENOENT)`],
  ['an exporter that is none', { ...key, OTEL_METRICS_EXPORTER: 'oltp' },
    'OTEL_METRICS_EXPORTER may list otlp, prometheus and console, or be none ("oltp")'],
  ['an address without a port', { ...key, HTTP_ADDRESS: 'localhost' },
    'HTTP_ADDRESS must be host:port, for example 127.0.0.1:9464 or [::1]:9464, or none ("localhost")'],
  ['an address with a scheme', { ...key, HTTP_ADDRESS: 'http://localhost:9464' },
    'HTTP_ADDRESS must be host:port, for example 127.0.0.1:9464 or [::1]:9464, or none ("http://localhost:9464")'],
  ['a port that is none', { ...key, HTTP_ADDRESS: '127.0.0.1:65536' },
    'HTTP_ADDRESS must be host:port, for example 127.0.0.1:9464 or [::1]:9464, or none ("127.0.0.1:65536")'],
  ['a status page without an address', { ...key, HTTP_ADDRESS: 'none', STATUS_PAGE: 'true' }, 'HTTP_ADDRESS is none, but STATUS_PAGE is true'],
  ['a status page that is neither there nor not', { ...key, HTTP_ADDRESS: 'none', STATUS_PAGE: 'maybe' }, 'STATUS_PAGE must be one of true, false ("maybe")'],
  ['a scrape endpoint without an address', { ...key, HTTP_ADDRESS: 'none', OTEL_METRICS_EXPORTER: 'prometheus' },
    'HTTP_ADDRESS is none, but OTEL_METRICS_EXPORTER lists prometheus, which is scraped there'],
  ['the standard’s port in words', { ...key, OTEL_EXPORTER_PROMETHEUS_PORT: 'any', OTEL_EXPORTER_PROMETHEUS_HOST: 'a b' },
    'OTEL_EXPORTER_PROMETHEUS_HOST must be a host name or an IP address ("a b")',
    'OTEL_EXPORTER_PROMETHEUS_PORT must be a port, 0 to 65535 ("any")'],
  ['none beside others', { ...key, OTEL_METRICS_EXPORTER: 'none,otlp' }, 'OTEL_METRICS_EXPORTER: none stands alone'],
  ['a level of the SDK that is none', { ...key, OTEL_LOG_LEVEL: 'loud' },
    'OTEL_LOG_LEVEL must be one of none, error, warn, info, debug, verbose, all ("loud")'],
  ['resource attributes without a value', { ...key, OTEL_RESOURCE_ATTRIBUTES: 'a=b,team' },
    'OTEL_RESOURCE_ATTRIBUTES must be name=value,name=value of at most 255 characters each, with comma, equals and percent sign as %2C, %3D, %25 ("team")'],
  ['resource attributes with two equals signs', { ...key, OTEL_RESOURCE_ATTRIBUTES: 'a=b=c' },
    'OTEL_RESOURCE_ATTRIBUTES must be name=value,name=value of at most 255 characters each, with comma, equals and percent sign as %2C, %3D, %25 ("a=b=c")'],
  ['resource attributes with a broken escape', { ...key, OTEL_RESOURCE_ATTRIBUTES: 'a=%zz' },
    'OTEL_RESOURCE_ATTRIBUTES must be name=value,name=value of at most 255 characters each, with comma, equals and percent sign as %2C, %3D, %25 ("a=%zz")'],
  ['a resource attribute that is too long', { ...key, OTEL_RESOURCE_ATTRIBUTES: `a=${'x'.repeat(256)}` },
    'OTEL_RESOURCE_ATTRIBUTES must be name=value,name=value of at most 255 characters each, with comma, equals and percent sign as %2C, %3D, %25'],
];

for (const [rule, environment, ...lines] of cases) {
  test(`${rule} is refused`, () => {
    expect(problemsOf(environment)).toEqual(lines);
  });
}

describe('a --config file is refused', () => {
  const wrong: readonly (readonly [rule: string, name: string, content: string, line: (path: string) => string])[] = [
    ['with a misspelt name', 'a.yaml', 'OPENROUTER_APIKEY: x', () => 'OPENROUTER_APIKEY in the --config file is no setting; is it OPENROUTER_API_KEY?'],
    ['with a name in lower case', 'b.yaml', 'log_level: debug', () => 'log_level in the --config file is no setting; is it LOG_LEVEL?'],
    ['with a name like no other', 'c.yaml', 'FAVOURITE_COLOUR: red', () => 'FAVOURITE_COLOUR in the --config file is no setting'],
    ['with a file for what is no secret', 'd.yaml', 'LOG_LEVEL_FILE: /a', () => 'LOG_LEVEL_FILE in the --config file is no setting'],
    ['with a secret where a name should be', 'e.yaml', 'sk-ant-sid01-fake: x', () => 'a name with other characters than letters, digits and _ in the --config file is no setting'],
    ['with a list', 'f.yaml', 'CLAUDE_COOKIE_NAMES:\n  - a', () => 'CLAUDE_COOKIE_NAMES in the --config file must be one value, not a list or a map'],
    ['that is no map', 'g.yaml', 'OPENROUTER_API_KEY=sk-or-v1-fake', (path) => `--config ${path} must be a flat map of setting names and values`],
    ['that is no YAML', 'h.yaml', 'LOG_LEVEL: debug\nOPENROUTER_API_KEY: "sk-or-v1-fake', (path) => `--config ${path} is neither YAML nor JSON (line 2)`],
    ['with a tag', 'i.yaml', 'OPENROUTER_API_KEY: !secret sk-or-v1-fake', (path) => `--config ${path} is neither YAML nor JSON (line 1)`],
    ['with a name twice', 'j.json', '{"LOG_LEVEL": "info",\n"LOG_LEVEL": "debug"}', (path) => `--config ${path} is neither YAML nor JSON (line 2)`],
  ];

  test.each(wrong)('%s', (_rule, name, content, line) => {
    const path = file(name, content);
    expect(problemsOf(key, { configFile: path })).toEqual([line(path)]);
  });

  test('that is not there, as is an env file', () => {
    expect(problemsOf(key, { configFile: missing })).toEqual([`--config: the file ${missing} cannot be read (ENOENT)`]);
    expect(problemsOf(key, { envFile: missing })).toEqual([`--env-file: the file ${missing} cannot be read (ENOENT)`]);
  });
});
