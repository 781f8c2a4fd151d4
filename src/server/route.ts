import type { IncomingMessage, ServerResponse } from 'node:http';

/** What the server answers at one path. */
export interface Route {
  /** As it is asked for, without a query: `/metrics`. */
  readonly path: string;
  /**
   * Answers a GET or HEAD; of a HEAD's answer the body is dropped. Security headers are already set and may be replaced.
   * A connection on which nothing moves for a minute is ended: a stream sends something more often.
   * @param stopping aborts when the server is about to end: an answer that would go on then ends itself.
   * @throws what becomes a 500, or a broken connection where the answer has already begun.
   */
  handle(request: IncomingMessage, response: ServerResponse, stopping: AbortSignal): void | Promise<void>;
}

/** Answers with a short text, for a person. */
export function sendText(response: ServerResponse, status: number, text: string): void {
  send(response, status, 'text/plain; charset=utf-8', `${text}\n`);
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, status: number, body: object): void {
  send(response, status, 'application/json; charset=utf-8', `${JSON.stringify(body)}\n`);
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
