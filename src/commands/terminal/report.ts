import type { DeliveryReport } from '../delivery-report.ts';
import { tookText } from '../../model/format.ts';
import type { Report } from '../report.ts';
import type { Canvas } from './screen.ts';
import { hanging } from './text.ts';
import { advice, drawSources, heading, remark, stacked } from './sources.ts';

/** A report as a person sees it on a terminal. */
export function drawReport(report: Report, canvas: Canvas): string {
  const isCheck = report.command === 'check';
  const now = report.at === null ? new Date() : new Date(report.at);
  const warnings = report.warnings.flatMap((warning) => remark(canvas.paint('yellow', `! ${warning}`), canvas));
  const isSettingsShown = isCheck || warnings.length > 0;
  const lines = stacked([
    isSettingsShown ? [...heading('Settings', 'good', 'in order', canvas), ...warnings] : [],
    drawSources(report.sources, canvas, { now, clock: true }),
    report.delivery === null ? [] : drawDelivery('OTLP', report.delivery, canvas),
    report.traces === null ? [] : drawDelivery('Traces', report.traces, canvas),
    isCheck ? conclusion(report, canvas) : [],
  ]);
  return `${lines.join('\n')}\n`;
}

function drawDelivery(title: 'OTLP' | 'Traces', delivery: DeliveryReport, canvas: Canvas): string[] {
  const { ok, address, protocol, tls, proxy, durationMs, acknowledged, message, remedy } = delivery;
  const name = protocol === 'grpc' ? 'OTLP/gRPC' : 'OTLP/HTTP';
  const where = `${address} (${name}, ${tls ? 'TLS' : 'no TLS'}${proxy === undefined ? '' : `, through the proxy ${proxy}`})`;
  const done = durationMs === undefined ? `${acknowledged} points acknowledged by ${where}` : `${where} takes ${title === 'OTLP' ? 'metrics' : 'traces'}, answered in ${tookText(durationMs)}`;
  return [
    ...heading(title, ok ? 'good' : 'bad', ok ? done : (message ?? where), canvas),
    ...(ok && message !== undefined ? remark(message, canvas) : []),
    ...(remedy === undefined ? [] : advice(remedy, canvas)),
  ];
}

function conclusion({ exitCode, sources, delivery, traces }: Report, { paint, width }: Canvas): string[] {
  const down = sources.filter(({ up }) => !up).length;
  const failing = [
    ...(down === 0 ? [] : [`${down} of ${sources.length} sources ${down === 1 ? 'fails' : 'fail'}`]),
    ...(delivery === null || delivery.ok ? [] : ['the OTLP endpoint fails']),
  ];
  if (failing.length === 0) return [traces?.ok === false ? paint('yellow', 'All well, but for the traces.') : paint('green', 'All well.')];
  const text = failing.join(', ');
  const sentence = `${text.charAt(0).toUpperCase()}${text.slice(1)} (exit code ${exitCode}).`;
  return hanging('', sentence, width, 0).map((line) => paint('red', line));
}
