import type { ServerResponse } from 'node:http';

/** Whoever listens at once; more are asked to come back. */
const mostListeners = 64;

/** Proxies end what is silent for a minute, and a page takes what is silent for two for lost. */
const heartbeatMs = 20_000;

/** What one listener may leave unread beyond what the system keeps for him: some events. */
const mostUnreadBytes = 128 * 1024;

/** When a browser that lost the stream asks again. */
const retryMs = 3_000;

/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) to any number of listeners. Little
 * is kept for one who does not read: whoever has let so much lie when the next message is due is let go, and comes back.
 */
export class EventStream {
  readonly #listeners = new Set<ServerResponse>();
  #heartbeat: NodeJS.Timeout | undefined;

  /** Who listens now. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /** Makes an answer a listener, and sends it a first event. False: there are too many, nothing was sent. */
  add(response: ServerResponse, type: string, text: string): boolean {
    if (this.#listeners.size >= mostListeners) return false;
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
    response.once('close', () => this.#remove(response));
    this.#listeners.add(response);
    this.#heartbeat ??= setInterval(() => this.send('alive', ''), heartbeatMs).unref();
    response.write(`retry: ${retryMs}\n\n${eventText(type, text)}`);
    return true;
  }

  /** Sends an event to all. */
  send(type: string, text: string): void {
    this.#send(eventText(type, text));
  }

  /** Ends an answer; its listener may come back. */
  end(response: ServerResponse): void {
    this.#remove(response);
    response.end();
  }

  #send(message: string): void {
    for (const response of this.#listeners) {
      if (response.writableLength > mostUnreadBytes) response.destroy();
      else response.write(message);
    }
  }

  #remove(response: ServerResponse): void {
    this.#listeners.delete(response);
    if (this.#listeners.size > 0) return;
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
  }
}

/** An event; each line of its text is a field of its own. */
function eventText(type: string, text: string): string {
  const lines = text.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`);
  return `event: ${type}\n${lines.join('')}\n`;
}
