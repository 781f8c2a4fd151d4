import type { SourceId } from './reading.ts';

const titles: Readonly<Record<SourceId, string>> = {
  'claude-ai': 'claude.ai',
  openrouter: 'OpenRouter',
  'anthropic-usage': 'Admin usage',
  'anthropic-cost': 'Admin cost',
  'anthropic-analytics': 'Analytics',
  'anthropic-claude-code': 'Claude Code',
  'anthropic-names': 'Admin names',
  'anthropic-limits': 'Rate limits',
};

/** A source’s name as people know it. */
export function titleOf(source: string): string {
  return source in titles ? titles[source as SourceId] : source;
}
