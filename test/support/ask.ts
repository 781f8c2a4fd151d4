import { type IncomingHttpHeaders, request } from 'node:http';

/** An answer as it came. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** As UTF-8. */
  readonly body: string;
  readonly bytes: Buffer;
}

/** Makes one request on a connection of its own; adds nothing but the Host to its headers. */
export function ask(url: string, options: { readonly method?: string; readonly headers?: Record<string, string> } = {}): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { ...options, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: bytes.toString(), bytes });
      });
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** Head and body of every answer that an agent's server has; none of one that has gone. */
export function serverAnswers(url: string): Promise<string[]> {
  const paths = ['/', '/metrics', '/healthz', '/readyz', '/nothing'];
  return Promise.all(
    paths.map(async (path) => {
      try {
        const { status, headers, body } = await ask(`${url}${path}`);
        return `${path} ${status} ${JSON.stringify(headers)}\n${body}`;
      } catch {
        return '';
      }
    }),
  );
}
