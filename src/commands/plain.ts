import { plainLines } from '../metrics/describe.ts';
import type { DeliveryReport } from './delivery-report.ts';
import { tookText } from '../model/format.ts';
import { pictureOf } from '../metrics/picture.ts';
import type { Report } from './report.ts';
import type { SourceReport } from './source-report.ts';

/** A report as plain text for pipes and files: a fact a line, each beginning with what it is of; no colours, no bars. */
export function plainText(report: Report): string {
  const at = report.at === null ? new Date() : new Date(report.at);
  const lines = [
    ...(report.command === 'check' ? ['settings: ok'] : []),
    ...report.warnings.map((warning) => `warning: ${warning}`),
    ...report.sources.flatMap((source) => sourceLines(source, at)),
    ...(report.delivery === null ? [] : deliveryLines('otlp', report.delivery)),
    ...(report.traces === null ? [] : deliveryLines('traces', report.traces)),
    ...(report.command === 'check' ? [`result: exit code ${report.exitCode}`] : []),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function sourceLines({ source, account, up, durationMs, failures, ...said }: SourceReport, at: Date): string[] {
  const name = account === 'default' ? source : `${source}/${account}`;
  return [
    `${name}: ${up ? `up, read in ${tookText(durationMs)}` : 'down'}`,
    ...said.origin.map((text) => `${name} origin: ${text}`),
    ...failures.flatMap(({ reason, message, remedy }) => [
      `${name} failure: ${reason}: ${message}`,
      `${name} remedy: ${remedy}`,
    ]),
    ...said.notices.map((notice) => `${name} notice: ${notice}`),
    ...plainLines(pictureOf(said.points), at).map((line) => `${name} ${line}`),
  ];
}

function deliveryLines(name: 'otlp' | 'traces', { address, protocol, tls, proxy, ok, durationMs, message, remedy, ...points }: DeliveryReport): string[] {
  const what =
    durationMs === undefined
      ? `${points.acknowledged} points acknowledged, ${points.rejected} rejected, ${points.lost} lost`
      : `an empty request ${ok ? `was acknowledged in ${tookText(durationMs)}` : 'was not acknowledged'}`;
  return [
    `${name}: ${ok ? 'up' : 'down'}, ${address}, ${protocol}, ${tls ? 'TLS' : 'no TLS'}, ${proxy === undefined ? '' : `through the proxy ${proxy}, `}${what}`,
    ...(message === undefined ? [] : [`${name} ${ok ? 'message' : 'failure'}: ${message}`]),
    ...(remedy === undefined ? [] : [`${name} remedy: ${remedy}`]),
  ];
}
