import { BlockList, isIP, isIPv4 } from 'node:net';
import { portOf } from '../model/port.ts';
import { rememberSecret } from '../model/redaction.ts';
import { isLoopback } from './kinds.ts';
import type { RawSettings } from './sources-of-settings.ts';

/** What the proxy variables of the environment say, which every program shares; upper and lower case mean the same, the lower wins. */
export interface Proxies {
  /** Of HTTPS_PROXY: for addresses that begin with https. May have user and password in it. */
  readonly forHttps?: URL;
  /** Of GRPC_PROXY, HTTPS_PROXY or HTTP_PROXY, the first that is set: for gRPC, with TLS or without. */
  readonly forGrpc?: URL;
  /** Names, suffixes, addresses and ranges of NO_PROXY. */
  readonly exempt: readonly string[];
  /** Those of NO_GRPC_PROXY, else of NO_PROXY. */
  readonly exemptOfGrpc: readonly string[];
  /**
   * For the process environment, where alone grpc-js looks for a proxy. It has a reading of its own of the exemptions, and is
   * told of none: a channel that goes around the proxy is made to.
   */
  readonly variables: RawSettings;
}

const addresses = ['grpc_proxy', 'https_proxy', 'http_proxy'] as const;
const exemptions = ['no_grpc_proxy', 'no_proxy'] as const;

/** Every name that {@link proxiesOf} reads. */
export const proxyVariables: readonly string[] = [...addresses, ...exemptions].flatMap((name) => [name, name.toUpperCase()]);

/**
 * Reads the proxy variables.
 * @param problems gets a line for each that names no proxy that can be used: going around it would be a surprise.
 */
export function proxiesOf(raw: RawSettings, problems: string[]): Proxies {
  const found = new Map<string, URL>();
  for (const name of addresses) {
    const text = textOf(raw, name);
    if (text === undefined) continue;
    const full = text.includes('://') ? text : `http://${text}`;
    const url = URL.canParse(full) ? new URL(full) : undefined;
    const password = url === undefined ? undefined : decoded(url.password);
    const user = url === undefined ? undefined : decoded(url.username);
    if (url?.protocol !== 'http:' || password === undefined || user === undefined) {
      problems.push(`${name.toUpperCase()} must be the address of an HTTP proxy, such as http://host:3128`);
      continue;
    }
    // A token may stand there alone.
    for (const secret of password === '' ? [user, url.username] : [password, url.password]) rememberSecret(secret);
    found.set(name, url);
  }
  const forHttps = found.get('https_proxy');
  // In the order of the names.
  const [forGrpc] = found.values();
  return {
    ...(forHttps && { forHttps }),
    ...(forGrpc && { forGrpc }),
    exempt: entriesOf(textOf(raw, 'no_proxy')),
    exemptOfGrpc: entriesOf(textOf(raw, 'no_grpc_proxy') ?? textOf(raw, 'no_proxy')),
    // An empty list would let it read no_proxy; this is the end of no host.
    variables: forGrpc === undefined ? {} : { grpc_proxy: forGrpc.href, no_grpc_proxy: '/' },
  };
}

function textOf(raw: RawSettings, name: string): string | undefined {
  return [raw[name], raw[name.toUpperCase()]].map((either) => either?.trim() ?? '').find((either) => either !== '');
}

function entriesOf(text = ''): string[] {
  return text.split(/[\s,]+/).filter((entry) => entry !== '');
}

/** The proxy on the way to an address: never to this machine itself, and never where there is no TLS through it. */
export function proxyFor(url: URL, { forHttps, exempt }: Proxies): URL | undefined {
  return url.protocol === 'https:' && !goesAround(url, exempt) ? forHttps : undefined;
}

/** The proxy on the way to an address that is spoken to over gRPC: never to this machine itself. */
export function grpcProxyFor(url: URL, { forGrpc, exemptOfGrpc }: Proxies): URL | undefined {
  return goesAround(url, exemptOfGrpc) ? undefined : forGrpc;
}

function goesAround(url: URL, exempt: readonly string[]): boolean {
  return isLoopback(url) || exempt.some((entry) => isExempt(url, entry.toLowerCase()));
}

/**
 * As curl and Go have it: `*`; a name, with all below it; an IP address; a range of them (`10.0.0.0/8`); each with a port or
 * without.
 */
function isExempt(url: URL, entry: string): boolean {
  if (entry === '*') return true;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const [, bare = entry, wantedPort] = isIP(entry) === 0 ? (/^(.+):(\d+)$/.exec(entry) ?? []) : [];
  if (wantedPort !== undefined && wantedPort !== String(portOf(url))) return false;
  const wanted = bare.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) return wanted === host || isInRange(host, wanted);
  const suffix = wanted.replace(/^\*?\./, '');
  return suffix !== '' && (host === suffix || host.endsWith(`.${suffix}`));
}

function isInRange(address: string, range: string): boolean {
  const [, network = '', bits = ''] = /^(.+)\/(\d{1,3})$/.exec(range) ?? [];
  if (isIP(network) === 0 || isIP(network) !== isIP(address) || Number(bits) > (isIPv4(network) ? 32 : 128)) return false;
  const family = isIPv4(network) ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(network, Number(bits), family);
  return list.check(address, family);
}

/** Undefined when it is not written as a URL writes it. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
