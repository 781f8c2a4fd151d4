/**
 * When a key's limit resets next: 00:00 UTC of the next day, Monday, or month. OpenRouter names the period only
 * (https://openrouter.ai/docs/api-reference/limits); a period that is not known gives no instant.
 */
export function nextReset(limitReset: unknown, now: Date): Date | undefined {
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  switch (limitReset) {
    case 'daily':
      return new Date(Date.UTC(year, month, day + 1));
    case 'weekly':
      // getUTCDay: Sunday is 0, and one day before its Monday.
      return new Date(Date.UTC(year, month, day + 7 - ((now.getUTCDay() + 6) % 7)));
    case 'monthly':
      return new Date(Date.UTC(year, month + 1, 1));
    default:
      return undefined;
  }
}
