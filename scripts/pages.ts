import { exitCode } from '../src/commands/exit-code.ts';
import { honoured } from '../src/config/otel-variables.ts';
import { type Setting, groups, settings } from '../src/config/settings.ts';
import { type MetricSpec, catalogue, durationBounds } from '../src/metrics/catalogue.ts';
import { prometheusName } from '../src/metrics/prometheus-name.ts';
import { type Reason, explanations, reasons } from '../src/model/reasons.ts';
import { remedyAt, upstreams } from '../src/model/remedies.ts';
import { sourceIds } from '../src/model/reading.ts';
import { reportIds } from '../src/model/report.ts';
import { dashboards } from './dashboards/index.ts';

/** Every generated page and dashboard by its path from the root of the project. */
export function pages(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/configuration.md', configuration()],
    ['docs/metrics.md', metrics()],
    ['docs/troubleshooting.md', troubleshooting()],
    ['.env.example', envExample()],
    ...dashboards(),
  ]);
}

const rows: readonly (readonly [name: string, setting: Setting<unknown>])[] = Object.entries(settings);

const exitCodes: Readonly<Record<keyof typeof exitCode, string>> = {
  delivered: 'Delivered: every point was acknowledged, and every configured source answered in full.',
  bug: 'A bug of the agent; its last log line says which.',
  settings: 'Wrong settings or command line; each fault is a line on stderr.',
  sourceFailed: 'Delivered, but at least one configured source failed.',
  notDelivered: 'Not delivered: points were lost or rejected, or growth could not be kept in `STATE_DIR` and waits. Wins over 3.',
};

function generated(from: string): string {
  return `<!-- Generated from ${from} by \`npm run docs\`; do not edit. -->`;
}

function configuration(): string {
  return page(
    '# Configuration',
    generated('src/config/'),
    `Settings are environment variables. They may also stand in an env file (\`--env-file\`; without it \`.env\` in the working
directory, if there is one) or in a YAML or JSON file (\`--config\`): a flat map of the same names. Flags win over the
environment, that over the env file, that over the \`--config\` file. Empty is unset. A name in the \`--config\` file that is
no setting is refused.`,
    `Node.js reads \`--env-file\` too, wherever it stands, unless \`--\` comes before the script as in the image and in
\`npm start\`: a file that is not there is then Node's own message with exit code 9, and \`NODE_OPTIONS\` in it count.`,
    `A setting marked *secret* may be given as \`NAME_FILE\`, the path of a file that has it; the file is read at each use, so
that a renewed secret needs no restart, and is therefore no pipe. Both given is an error. No secret is ever logged or exported.`,
    `Durations are a number and \`ms\`, \`s\`, \`m\` or \`h\`; the standard's \`OTEL_*\` times are plain milliseconds. The lowest
intervals do not hold for an upstream on loopback.`,
    `Wrong settings end the agent with exit code 2, one line each, all at once.`,
    ...groups.flatMap((group) => [`## ${group}`, settingsTable(rows.filter(([, setting]) => setting.group === group))]),
    '## OpenTelemetry',
    `Variables of the [standard](https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/) that are
honoured. Any other \`OTEL_*\` variable that is set is named in one warning at start.`,
    table(
      ['Variable', 'Meaning', 'Default'],
      honoured.map(({ name, meaning, default: value, secret }) => [
        `\`${name}\``,
        secret ? `${meaning} *Secret.*` : meaning,
        value === undefined ? '' : `\`${value}\``,
      ]),
    ),
    '## Proxies and private authorities',
    `Upstreams, and an OTLP endpoint with TLS, are asked through the HTTP proxy of \`HTTPS_PROXY\`, in upper or lower case (lower
wins), but for what \`NO_PROXY\` lists: \`*\`, names with all below them, IP addresses and ranges, each with a port or without. OTLP over
gRPC takes \`GRPC_PROXY\`, \`HTTPS_PROXY\` or \`HTTP_PROXY\`, the first that is set, with TLS or without, but for what \`NO_GRPC_PROXY\`
lists, or \`NO_PROXY\` where that is not set. Addresses of this machine and the cookie service are always asked directly.
\`claude-usage-metrics check\` shows which proxy is in force.`,
    `For an upstream with a certificate of a private authority (such as a proxy that inspects TLS) set \`NODE_EXTRA_CA_CERTS\` to the
authority's PEM file in the environment of the process; Node reads it nowhere else. The cookie service has \`COOKIEJAR_CERTIFICATE\`, the
OTLP endpoint \`OTEL_EXPORTER_OTLP_CERTIFICATE\`.`,
    '## Exit codes',
    table(
      ['Code', 'Meaning'],
      (Object.keys(exitCodes) as (keyof typeof exitCode)[]).map((name) => [String(exitCode[name]), exitCodes[name]]),
    ),
    `\`run\` ends with 0 after SIGINT or SIGTERM if the last push was acknowledged and no growth waits, else with 4; a second
signal ends it at once. What a vendor withholds by design, such as an account's credits from an inference key, is no failure.`,
  );
}

function settingsTable(group: typeof rows): string {
  return table(
    ['Setting', 'Meaning', 'Default'],
    group.map(([name, { meaning, secret, default: value, floor }]) => [
      `\`${name}\``,
      `${meaning}${floor === undefined ? '' : ` At least ${floor}.`}${secret ? ' *Secret.*' : ''}`,
      value === undefined ? '' : `\`${value}\``,
    ]),
  );
}

const metricGroups: readonly (readonly [heading: string, prefix: string])[] = [
  ['Claude', 'claude.'],
  ['OpenRouter', 'openrouter.'],
  ['The agent itself', 'claude_usage_metrics.'],
];

const attributeMeanings: readonly (readonly [key: string, meaning: string])[] = [
  ['account', 'Name that `ACCOUNT_NAME` gives the account; never learned from an answer.'],
  [
    'metric_name',
    'Usage window or credit pool: `five_hour`, `seven_day`, `extra_usage`, `seven_day_` with a model or surface, and by rule what the API adds (lower case, other characters than a–z and 0–9 become `_`).',
  ],
  ['currency', 'ISO 4217 code.'],
  ['window', 'Spend of an OpenRouter key: `total`, `daily`, `weekly` or `monthly`.'],
  ['period', 'UTC month that a total is summed over, such as `2026-11`, of Claude Code the UTC day: where a series of its own begins.'],
  ['type', 'Kind of token: `input` (uncached), `output`, `cache_read`, `cache_creation`. Of lines of code: `added`, `removed`.'],
  ['cache_ttl', 'How long what was written to the cache lives, `5m` or `1h`; of `cache_creation` alone.'],
  [
    'api_key_id',
    'Id of the API key; `console` for use without one. `api_key_name` is its name, absent where it is not known; Claude Code’s report has the name alone.',
  ],
  ['owner_email', 'Who made the key; so is `owner_name`. Absent with `ANTHROPIC_OWNER_ATTRIBUTES=false`, and where the maker is gone.'],
  ['workspace_id', 'Id of the workspace; `default` for the one without an id. `workspace_name` is its name, absent where it is not known.'],
  [
    'model',
    'As the report has it; so are `service_tier`, `context_window`, `cost_type`, `token_type` and `inference_geo`. Absent where the report says nothing. Of the usage, `ANTHROPIC_USAGE_GROUP_BY` decides which there are.',
  ],
  ['actor_type', 'Who used Claude Code: `user_actor`, with `actor_email` unless `ANTHROPIC_OWNER_ATTRIBUTES=false`, or `api_actor`, with `api_key_name`.'],
  ['terminal_type', 'Where Claude Code ran, such as `vscode`; absent where the report says nothing.'],
  ['customer_type', 'How Claude Code is paid for: `api` or `subscription`.'],
  ['tool', 'Tool of Claude Code that proposed an edit, such as `edit_tool`; `decision` is `accepted` or `rejected`.'],
  [
    'group',
    'What a rate limit is for: a group of models such as `claude_opus_5`, or an API such as `batch`. `limiter` is what is limited, such as `requests_per_minute`.',
  ],
  ['organization.id', 'UUID of the organization; `organization.name` is its name.'],
  ['report', `Report that a total is made from: ${reportIds.map((id) => `\`${id}\``).join(', ')}.`],
  ['metric', 'Total that the series are of.'],
  ['direction', '`up` or `down`.'],
  ['source', `${sourceIds.map((id) => `\`${id}\``).join(', ')}.`],
  ['outcome', 'Of a read: `success` or the [reason](troubleshooting.md) of its failure. Of points: `acknowledged`, `rejected` or `lost`.'],
  ['http.response.status_code', 'Status of the answer; absent when none came.'],
  ['version', 'Version of the agent.'],
];

function metrics(): string {
  return page(
    '# Metrics',
    generated('src/metrics/catalogue.ts'),
    `A value that is not known has no point: never zero, never an old value as a new one. A point is sent until its window
resets, its source is read again, or three of the source's intervals have passed. Countdowns and shares of time are computed
at each collection. Counters are cumulative and begin at zero with the process.`,
    `The totals of an organization (\`claude.tokens\`, \`claude.cost\` and what else has a \`period\`) are other counters: each is the sum
of its \`period\`, whenever the agent was started, and that period's first instant is its start time. They never fall: what the
report takes back is held as debt. A month is sent until three days after its end, so that late data still raises it;
requests and cost by key, which are revised for longer, until 31 days after it; a day of Claude Code until the next one
has ended.
\`sum without (period) (increase(…))\` is the usage of any stretch of time.`,
    `Prometheus names are those of the translation strategy \`UnderscoreEscapingWithSuffixes\`, its default. In labels, dots
become underscores; \`service.name\` is \`job\`, \`service.instance.id\` is \`instance\`.`,
    ...metricGroups.flatMap(([heading, prefix]) => [`## ${heading}`, metricsTable(prefix)]),
    `Bounds of the histograms, in seconds: ${durationBounds.join(', ')}.`,
    '## Attributes',
    table(
      ['Attribute', 'Meaning'],
      attributeMeanings.map(([key, meaning]) => [`\`${key}\``, meaning]),
    ),
  );
}

function metricsTable(prefix: string): string {
  return table(
    ['OTLP name', 'Prometheus name', 'Kind', 'Unit', 'Attributes', 'Meaning'],
    Object.entries(catalogue)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, spec]) => [
        `\`${name}\``,
        `\`${prometheusName({ name, ...spec })}\``,
        `${spec.kind}${spec.valueType === 'int' ? ' (int)' : ''}`,
        spec.unit === '' ? '' : `\`${spec.unit}\``,
        attributesOf(spec),
        spec.description,
      ]),
  );
}

function attributesOf({ attributes }: MetricSpec): string {
  return attributes.map((key) => `\`${key}\``).join(', ');
}

function troubleshooting(): string {
  return page(
    '# Troubleshooting',
    generated('src/model/'),
    `\`claude-usage-metrics check\` tries every configured source and the OTLP endpoints, and says what works, what does not,
and what to do about it.`,
    `A source that could not be read has one of these reasons: in \`check\`, in the log (once when the state changes), and as
\`outcome\` of \`claude_usage_metrics.source.reads\`. Its \`claude_usage_metrics.source.up\` is 0, and its gauges end when
their validity does.`,
    ...reasons.flatMap((reason) => {
      const { sign, meaning } = explanations[reason];
      return [`## ${reason}`, `- **Sign:** ${sign}\n- **Meaning:** ${meaning}\n- **Remedy:**${remedyLines(reason)}`];
    }),
  );
}

/** One where it is the same for all, else one of each. */
function remedyLines(reason: Reason): string {
  const texts = new Map<string, string[]>();
  for (const upstream of upstreams) {
    const text = remedyAt(reason, upstream);
    texts.set(text, [...(texts.get(text) ?? []), upstream]);
  }
  if (texts.size === 1) return ` ${[...texts.keys()].join('')}`;
  return [...texts].map(([text, of]) => `\n  - ${of.join(', ')}: ${text}`).join('');
}

function envExample(): string {
  const line = (text: string): string => (text === '' ? '#' : `# ${text}`);
  const own = groups.flatMap((group) => [
    '',
    line(`--- ${group}`),
    ...rows
      .filter(([, setting]) => setting.group === group)
      .flatMap(([name, { meaning, secret, default: value, example }]) => [
        '',
        line(`${meaning.replaceAll('`', '')}${secret ? ` Or ${name}_FILE, the path of a file with it.` : ''}`),
        `#${name}=${example ?? value ?? ''}`,
      ]),
  ]);
  return `${[
    line('Copy to .env and take the # off what you set. docs/configuration.md explains each.'),
    line('Generated from src/config/ by `npm run docs`; do not edit.'),
    ...own,
    '',
    line('--- OpenTelemetry'),
    '',
    line('Where the metrics go.'),
    '#OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4317',
    '',
    line('Headers with credentials for the backend. Or OTEL_EXPORTER_OTLP_HEADERS_FILE, the path of a file with them.'),
    '#OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20...',
    '',
    line('Time between two pushes, in milliseconds.'),
    '#OTEL_METRIC_EXPORT_INTERVAL=60000',
  ].join('\n')}\n`;
}

function page(...parts: readonly string[]): string {
  return `${parts.join('\n\n')}\n`;
}

function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('<', '&lt;')).join(' | ')} |`;
  return [row(head), row(head.map(() => '---')), ...body.map(row)].join('\n');
}
