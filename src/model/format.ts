import { dayMs } from './calendar.ts';
import prettyMilliseconds from 'pretty-ms';

/** A share as percent, `42 %`: never rounded up, so that 100 % is full and not nearly so. */
export function percentText(share: number): string {
  // A share such as 0.29 times 100 is 28.999999999999996.
  const percent = Number((share * 100).toPrecision(12));
  if (percent > 0 && percent < 0.1) return '<0.1 %';
  const shown = Math.abs(percent) >= 1000 ? Math.floor(percent) : Math.floor(percent * 10) / 10;
  return `${shown} %`;
}

/** An amount of money, `$12.34`; small ones with as many digits as they need. */
export function moneyText(amount: number, currency: string): string {
  const small = amount !== 0 && Math.abs(amount) < 0.01;
  const format = new Intl.NumberFormat('en-US', {
    style: 'currency',
    currency,
    currencyDisplay: 'narrowSymbol',
    ...(small && { maximumSignificantDigits: 2 }),
  });
  return format.format(amount).replaceAll('\u00a0', ' ');
}

/** A count with every digit, `1,238,412,901`. */
export function countText(count: number): string {
  return count.toLocaleString('en-US');
}

const hour = 3600;

/** Seconds as `45s`, `1h 29m` or `6d 23h`. */
export function durationText(seconds: number): string {
  const whole = seconds >= 24 * hour ? Math.floor(seconds / hour) * hour : seconds;
  if (whole < 1) return '0s';
  return prettyMilliseconds(whole * 1000, { unitCount: 2, secondsDecimalDigits: 0, hideSeconds: true });
}

/** A time that something took, `412ms` or `1.2s`. */
export function tookText(durationMs: number): string {
  return prettyMilliseconds(durationMs);
}

/** An instant to the minute: upstreams name resets some milliseconds before the minute that they mean. */
export function toMinute(instant: Date): Date {
  return new Date(Math.round(instant.getTime() / 60_000) * 60_000);
}

/**
 * A coming instant as a person would say it: `23:14` within a day, `Mon 23:00` within six, else `2 Jan` or `2 Jan 2028`.
 * @param timeZone absent: the machine's.
 */
export function clockText(instant: Date, now: Date, timeZone?: string): string {
  const shown = toMinute(instant);
  const awayMs = shown.getTime() - now.getTime();
  const time = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  const date = { day: 'numeric', month: 'short' } as const;
  const form: Intl.DateTimeFormatOptions =
    awayMs < dayMs ? time : awayMs < 6 * dayMs ? { weekday: 'short', ...time } : awayMs < 300 * dayMs ? date : { ...date, year: 'numeric' };
  const parts = new Intl.DateTimeFormat('en-GB', { ...form, ...(timeZone !== undefined && { timeZone }) });
  return parts.format(shown).replace(',', '');
}
