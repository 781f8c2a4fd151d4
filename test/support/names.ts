import dns from 'node:dns';
import { afterAll, beforeAll, vi } from 'vitest';

/**
 * Names below .test in this process: each has the address that it was given, one without any is not known. Nobody else is asked for
 * them.
 */
export function ownNames(): Map<string, string> {
  const addresses = new Map<string, string>();
  const { lookup } = dns;
  const { lookup: promised } = dns.promises;
  const isOurs = (name: unknown): name is string => typeof name === 'string' && name.endsWith('.test');
  const found = (name: string): dns.LookupAddress => {
    const address = addresses.get(name);
    if (address === undefined) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: name });
    return { address, family: 4 };
  };
  beforeAll(() => {
    vi.spyOn(dns, 'lookup').mockImplementation(((name: string, options: dns.LookupOptions, done: (error: Error | null, ...found: unknown[]) => void) => {
      if (!isOurs(name)) {
        lookup(name, options, done);
        return;
      }
      try {
        const entry = found(name);
        if (options.all === true) done(null, [entry]);
        else done(null, entry.address, entry.family);
      } catch (error) {
        done(error as Error);
      }
    }) as typeof lookup);
    vi.spyOn(dns.promises, 'lookup').mockImplementation((async (name: string, options: dns.LookupAllOptions) =>
      isOurs(name) ? [found(name)] : promised(name, options)) as unknown as typeof promised);
  });
  afterAll(() => vi.restoreAllMocks());
  return addresses;
}
