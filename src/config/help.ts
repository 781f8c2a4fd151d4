import { Help } from 'commander';
import { honoured } from './otel-variables.ts';
import { type Setting, groups, settings } from './settings.ts';

const columns = 80;
const indent = 6;

/** The table of settings for `--help`: a line with the name, then what it means. */
export function settingsHelp(): string {
  const rows: readonly (readonly [name: string, setting: Setting<unknown>])[] = Object.entries(settings);
  const own = groups.map((group) => section(group, rows.filter(([, setting]) => setting.group === group).map(ownRow)));
  const standard = honoured
    .filter(({ name }) => !name.startsWith('OTEL_EXPORTER_OTLP_METRICS_') || name.endsWith('_PREFERENCE'))
    .map((variable): Row => ({ ...variable, remark: variable.default === undefined ? undefined : `default ${variable.default}` }));
  return [
    '',
    'Settings: flags win over the environment, that over .env, that over the --config',
    'file (YAML or JSON, a flat map of the same names). Empty is unset. A name with *',
    'is a secret: NAME_FILE may name a file that has it in place of NAME. More is in',
    'docs/configuration.md.',
    ...own,
    section('OpenTelemetry (OTEL_EXPORTER_OTLP_METRICS_… wins over OTEL_EXPORTER_OTLP_…)', standard),
  ].join('\n');
}

interface Row {
  readonly name: string;
  readonly secret?: true;
  readonly meaning: string;
  readonly remark: string | undefined;
}

function ownRow([name, setting]: readonly [string, Setting<unknown>]): Row {
  const parts = [
    ...(setting.default === undefined ? [] : [`default ${setting.default}`]),
    ...(setting.floor === undefined ? [] : [`at least ${setting.floor}`]),
  ];
  return { name, ...(setting.secret && { secret: true }), meaning: setting.meaning, remark: parts.length === 0 ? undefined : parts.join(', ') };
}

function section(heading: string, rows: readonly Row[]): string {
  const lines = rows.flatMap(({ name, secret, meaning, remark }) => [
    `  ${name}${secret ? ' *' : ''}`,
    ...wrapped(`${meaning.replaceAll('`', '')}${remark === undefined ? '' : ` (${remark})`}`),
  ]);
  return [`\n${heading}:`, ...lines].join('\n');
}

function wrapped(text: string): string[] {
  return new Help().boxWrap(text, columns - indent).split('\n').map((line) => ' '.repeat(indent) + line);
}
