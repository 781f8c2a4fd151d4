import { attributeSet } from '../../model/attributes.ts';
import type { GaugePoint, Notice, ReadContext, Reading, Source } from '../../model/reading.ts';
import type { SourceError } from '../../model/source-error.ts';
import { AnalyticsReader } from './analytics-reader.ts';
import type { AnthropicSourceOptions } from './index.ts';
import { OptionalPart, isWithheld } from './withheld.ts';
import type { Workspaces } from './workspaces.ts';

const ownId: Notice = {
  level: 'info',
  text: 'which workspace is the default one cannot be known with this key: in claude.requests and claude.api_key.cost it has its own id, in the other totals it is `default`',
};

/** Requests, and cost by API key (Usage and Cost Analytics API, beta); absent where the key may not use it. */
export function anthropicAnalyticsSource({
  account,
  intervalMs,
  client,
  workspaces,
  beta,
}: AnthropicSourceOptions & { readonly workspaces: Workspaces; readonly beta: string }): Source {
  const reader = new AnalyticsReader(client, workspaces, beta);
  const part = new OptionalPart(
    `this key may not use the Usage and Cost Analytics API, or not under the beta ${beta} (ANTHROPIC_ANALYTICS_BETA): requests and cost by key are left out`,
    (error) => isWithheld(error) || isUnknownBeta(error),
  );
  return {
    id: 'anthropic-analytics',
    account,
    intervalMs,
    async read(context: ReadContext): Promise<Reading> {
      const found = await part.read(context, () => reader.read(context));
      if (found.notice !== undefined) return { at: context.now, gauges: [], failures: [], notices: [found.notice] };
      const { report, refreshedAt, knowsDefaultWorkspace } = found.value;
      return {
        at: context.now,
        gauges: refreshedAt === undefined ? [] : [refreshed(refreshedAt)],
        report,
        failures: [],
        notices: knowsDefaultWorkspace ? [] : [ownId],
      };
    },
  };
}

/** 400 with a text such as "Unexpected value(s) `…` for the `anthropic-beta` header". */
function isUnknownBeta({ status, message }: SourceError): boolean {
  return status === 400 && message.includes('anthropic-beta');
}

function refreshed(at: Date): GaugePoint {
  return {
    metric: 'claude_usage_metrics.source.report.refreshed_timestamp',
    value: at.getTime() / 1000,
    attributes: attributeSet({ source: 'anthropic-analytics' }),
  };
}
