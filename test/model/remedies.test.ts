import { describe, expect, test } from 'vitest';
import { settings } from '../../src/config/settings.ts';
import { sourceIds } from '../../src/model/reading.ts';
import { reasons } from '../../src/model/reasons.ts';
import { remedyOf } from '../../src/model/remedies.ts';

/** What the settings of each kind of source begin with. */
const prefixes = [
  { of: 'claude-ai', begins: /^(CLAUDE|COOKIEJAR)_/ },
  { of: 'anthropic', begins: /^ANTHROPIC_/ },
  { of: 'openrouter', begins: /^OPENROUTER_/ },
] as const;

describe.each(sourceIds)('%s', (source) => {
  test.each(reasons)('has a remedy for %s that speaks of its own settings, and of no other source’s', (reason) => {
    const remedy = remedyOf(reason, source);
    expect(remedy).toMatch(/^[A-Z].*\.$/);
    expect(remedy).not.toMatch(/[{}]|undefined/);
    const own = prefixes.find(({ of }) => source.startsWith(of));
    const named = remedy.match(/[A-Z]+(_[A-Z]+)+/g) ?? [];
    for (const name of named.filter((one) => one !== 'NODE_EXTRA_CA_CERTS')) {
      expect(name).toMatch(own?.begins ?? /never/);
      expect(Object.keys(settings)).toContain(name.replace(/_FILE$/, ''));
    }
    if (!source.startsWith('claude')) expect(remedy).not.toMatch(/claude\.ai|cookie|session|log in/i);
  });
});

test('who is asked too often is told of the interval that is its own', () => {
  const intervals = sourceIds.map((source) => [source, /[A-Z]+(_[A-Z]+)+_INTERVAL/.exec(remedyOf('rate_limited', source))?.[0]]);
  expect(Object.fromEntries(intervals)).toEqual({
    'claude-ai': 'CLAUDE_POLL_INTERVAL',
    openrouter: 'OPENROUTER_POLL_INTERVAL',
    'anthropic-usage': 'ANTHROPIC_USAGE_POLL_INTERVAL',
    'anthropic-cost': 'ANTHROPIC_COST_POLL_INTERVAL',
    'anthropic-analytics': 'ANTHROPIC_SLOW_POLL_INTERVAL',
    'anthropic-claude-code': 'ANTHROPIC_SLOW_POLL_INTERVAL',
    'anthropic-names': 'ANTHROPIC_SLOW_POLL_INTERVAL',
    'anthropic-limits': 'ANTHROPIC_SLOW_POLL_INTERVAL',
  });
});
