import { afterEach } from 'vitest';

/**
 * Runs what was handed over after each test, last first. Also puts the process environment back: an agent gives the SDK its
 * `OTEL_*` settings there.
 */
export function cleanup(): (stop: () => unknown) => void {
  const environment = { ...process.env };
  const stops: (() => unknown)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
    for (const name of Object.keys(process.env)) if (!(name in environment)) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, environment);
  });
  return (stop) => stops.push(stop);
}
