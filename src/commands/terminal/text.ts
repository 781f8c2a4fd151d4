import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';

/** The text cut to so many columns, with an ellipsis where something is left out. Wide characters and colours count right. */
export function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  const [kept = ''] = wrapAnsi(text, Math.max(1, width - 1), { hard: true, wordWrap: false, trim: false }).split('\n');
  return width < 1 ? '' : `${kept}…`;
}

/** The text in exactly so many columns. */
export function column(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const shown = cut(text, width);
  const space = ' '.repeat(Math.max(0, width - stringWidth(shown)));
  return align === 'left' ? shown + space : space + shown;
}

/**
 * Text after a prefix, in lines of at most so many columns, all but the first indented. Text that does not fit beside a
 * prefix that is wider than the indent begins below it.
 */
export function hanging(prefix: string, text: string, width: number, indent: number): string[] {
  const prefixWidth = stringWidth(prefix);
  if (prefixWidth > indent && prefixWidth + stringWidth(text) <= width) return [prefix + text];
  const lines = wrapAnsi(text, Math.max(8, width - indent), { hard: true })
    .split('\n')
    .map((line) => ' '.repeat(indent) + line);
  if (prefixWidth > indent) return [prefix.trimEnd(), ...lines];
  const [first = '', ...rest] = lines;
  return [column(prefix, indent) + first.slice(indent), ...rest];
}
