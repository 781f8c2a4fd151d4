import { type ClientRequest, request } from 'node:http';
import { Agent, type AgentOptions, type RequestOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect } from 'node:tls';

/** Longest wait for the proxy to open the way; the request that wants it may be given up before. */
const openMs = 10_000;

/** The proxy was not reached, or refused to open the way. Its message names the proxy without its user. */
export class ProxyError extends Error {
  /** Node's code of what broke, or `ERR_PROXY_REFUSED` when the proxy answered. */
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Connections to https addresses through a proxy, which opens a way by CONNECT (RFC 9110 §9.3.6) and sees nothing but names
 * and ports; TLS is with the address itself. Node has this of its own from 22.21 and 24.5 on, which is later than what is
 * supported here, and takes an answer of the proxy's no for no answer at all.
 */
export class TunnelAgent extends Agent {
  readonly #proxy: URL;
  readonly #opening = new Set<ClientRequest>();

  /** @param options of the connections to the address; keeps them for a while. */
  constructor(proxy: URL, options: AgentOptions = {}) {
    super({ keepAlive: true, timeout: 5_000, ...options });
    this.#proxy = proxy;
  }

  override createConnection(options: RequestOptions, opened?: (error: Error | null, socket: Duplex) => void): undefined {
    const host = options.host ?? '';
    const target = `${host.includes(':') ? `[${host}]` : host}:${options.port ?? 443}`;
    const asked = this.#ask(target);
    this.#opening.add(asked);
    const place = this.#proxy.host;
    const refuse = (message: string, code: string): void => {
      this.#opening.delete(asked);
      asked.destroy();
      // Node's type knows no failure without a socket.
      (opened as ((error: Error) => void) | undefined)?.(new ProxyError(message, code));
    };
    asked.once('connect', ({ statusCode = 0 }, socket: Duplex) => {
      this.#opening.delete(asked);
      if (statusCode < 200 || statusCode > 299) {
        socket.destroy();
        refuse(`the proxy ${place} answered ${statusCode} when it was asked for a way to ${target}`, 'ERR_PROXY_REFUSED');
      } else opened?.(null, connect({ ...(options as ConnectionOptions), socket }));
    });
    // Another answer than to CONNECT is none.
    asked.once('response', ({ statusCode = 0 }) => refuse(`the proxy ${place} answered ${statusCode} when it was asked for a way to ${target}`, 'ERR_PROXY_REFUSED'));
    asked.once('timeout', () => refuse(`the proxy ${place} did not open a way to ${target} in time`, 'ETIMEDOUT'));
    asked.once('error', (error: NodeJS.ErrnoException) => refuse(`the proxy ${place} cannot be reached: ${error.code ?? 'no connection'}`, error.code ?? 'ERR_PROXY'));
    asked.end();
    return undefined;
  }

  /** Also gives up the ways that are not open yet; Node waits for them, whatever becomes of the requests that want them. */
  override destroy(): void {
    for (const asked of this.#opening) asked.destroy();
    super.destroy();
  }

  #ask(target: string): ClientRequest {
    const { hostname, port, username, password } = this.#proxy;
    const user = username === '' ? undefined : Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
    return request({
      method: 'CONNECT',
      host: hostname.replace(/^\[|\]$/g, ''),
      ...(port !== '' && { port }),
      path: target,
      headers: { host: target, ...(user !== undefined && { 'proxy-authorization': `Basic ${user}` }) },
      agent: false,
      timeout: openMs,
    });
  }
}
