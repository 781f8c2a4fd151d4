import type { Sender } from './attempt.ts';

/**
 * A sender whose headers come from files: they are read before each request, and a request with new ones goes over a new
 * connection, as a connection keeps the headers it was made with.
 * @param refresh reads the files; true when something in them has changed. Its error is the failure of the request.
 */
export function withFreshHeaders<Request>(sender: Sender<Request>, refresh: () => boolean): Sender<Request> {
  return {
    ...sender,
    get proxy() {
      return sender.proxy;
    },
    async send(request, timeoutMs, stop) {
      try {
        if (refresh()) sender.close();
      } catch (error) {
        const why = error instanceof Error ? error.message : 'unknown error';
        // Whoever replaces a file may not be done yet.
        return { status: 'failed', retryable: true, reconnect: false, cause: 'headers', message: `${sender.target}: ${why}` };
      }
      return sender.send(request, timeoutMs, stop);
    },
  };
}
