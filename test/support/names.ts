import dns from 'node:dns';
import { onTestFinished, vi } from 'vitest';

/** Names below .test have this address until the test ends; nobody else is asked. */
export function resolveNames(): { current: string } {
  const address = { current: '127.0.0.1' };
  const { lookup } = dns;
  const { lookup: promised } = dns.promises;
  const isOurs = (name: unknown): boolean => typeof name === 'string' && name.endsWith('.test');
  const entry = (): dns.LookupAddress => ({ address: address.current, family: 4 });
  vi.spyOn(dns, 'lookup').mockImplementation(((name: string, options: dns.LookupOptions, done: (error: Error | null, ...found: unknown[]) => void) => {
    if (!isOurs(name)) lookup(name, options, done);
    else if (options.all === true) done(null, [entry()]);
    else done(null, address.current, 4);
  }) as typeof lookup);
  vi.spyOn(dns.promises, 'lookup').mockImplementation(((name: string, options: dns.LookupAllOptions) =>
    isOurs(name) ? Promise.resolve([entry()]) : promised(name, options)) as unknown as typeof promised);
  onTestFinished(() => void vi.restoreAllMocks());
  return address;
}
