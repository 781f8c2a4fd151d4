/* A worker that does what the agent's does, and on some pages what it never should. */
import { parentPort } from 'node:worker_threads';
import { type PageOrder, tryPage } from '../../../src/sources/anthropic/page-order.ts';

parentPort?.on('message', (order: PageOrder) => {
  if (order.what === 'ends') process.exit(3);
  if (order.what === 'throws') throw new Error('broken');
  while (order.what === 'hangs');
  parentPort?.postMessage(tryPage(order));
});
