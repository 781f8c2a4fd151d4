import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { organizationTexts } from '../../src/metrics/describe.ts';
import { organizationOf } from '../../src/metrics/organization.ts';
import type { ShownPoint } from '../../src/metrics/picture.ts';
import { drawOrganization, organizationRows } from '../../src/commands/terminal/organization.ts';
import { tableOf } from '../../src/commands/terminal/sources.ts';
import { colouredCanvas, plainCanvas } from '../support/canvas.ts';

const november = { period: '2026-11' };
const pipeline = { api_key_id: 'apikey_1', api_key_name: 'pipeline', owner_name: 'Ada', owner_email: 'ada@example.com' };

function point(metric: string, value: number, attributes: Record<string, string>): ShownPoint {
  return { metric, value, attributes };
}

const points: readonly ShownPoint[] = [
  point('claude.tokens', 900_000, { ...november, ...pipeline, type: 'cache_read' }),
  point('claude.tokens', 50_000, { ...november, ...pipeline, type: 'input' }),
  point('claude.tokens', 50_000, { ...november, api_key_id: 'console', type: 'input' }),
  point('claude.tokens', 7_000_000, { period: '2026-10', ...pipeline, type: 'input' }),
  point('claude.tokens.current', 12_345, { ...pipeline, type: 'input' }),
  point('claude.cost', 60.5, { ...november, model: 'claude-sonnet-5', token_type: 'output_tokens' }),
  point('claude.cost', 14.5, { ...november, model: 'claude-sonnet-5', token_type: 'uncached_input_tokens' }),
  point('claude.cost', 25, { ...november, model: 'claude-opus-5' }),
  point('claude.cost', 3, { ...november, cost_type: 'web_search' }),
  point('claude.cost.current', 1.25, { model: 'claude-opus-5' }),
];

test('an organization is this month and today; models are by cost and keys by tokens, the largest first', () => {
  expect(organizationOf(points)).toEqual({
    period: '2026-11',
    cost: { month: 103, today: 1.25 },
    tokens: { month: 1_000_000, today: 12_345 },
    models: [
      { name: 'claude-sonnet-5', value: 75, share: 0.75 },
      { name: 'claude-opus-5', value: 25, share: 0.25 },
    ],
    keys: [
      { name: 'pipeline', owner: 'Ada', value: 950_000, share: 0.95 },
      { name: 'console', value: 50_000, share: 0.05 },
    ],
  });
});

test('what is not known of today is absent, and no totals are no organization', () => {
  const known = organizationOf(points.filter(({ metric }) => !metric.endsWith('.current')));
  expect(known?.tokens).toEqual({ month: 1_000_000 });
  expect(organizationOf(points.filter(({ metric }) => metric.endsWith('.current')))).toBeUndefined();
  expect(known && organizationTexts(known)).toEqual(['cost month $103.00', 'tokens month 1,000,000']);
});

test('cost and tokens with every digit, then bars of the largest models and keys', () => {
  const organization = organizationOf(points);
  if (organization === undefined) throw new Error('no organization');
  const time = { now: new Date('2026-11-21T12:00:00Z'), clock: false };
  const draw = (canvas: ReturnType<typeof plainCanvas>, tops: number): string[] =>
    drawOrganization(organization, tableOf([], canvas, time, organizationRows(organization, tops)), tops);
  expect(draw(plainCanvas(80), 2)).toEqual([
    '  cost            $1.25 today · $103.00 this month',
    '  tokens          12,345 today · 1,000,000 this month',
    '  claude-sonnet-5 █████████████░░░░ 75 %  $75.00',
    '  claude-opus-5   ████░░░░░░░░░░░░░ 25 %  $25.00',
    '  pipeline        ████████████████░ 95 %  950,000 tokens · Ada',
    '  console         █░░░░░░░░░░░░░░░░  5 %  50,000 tokens',
  ]);
  expect(draw(plainCanvas(80), 0)).toHaveLength(2);
  for (const width of [40, 80, 200]) {
    for (const line of draw(colouredCanvas(width), 3)) expect(stringWidth(line)).toBeLessThanOrEqual(width);
  }
});
