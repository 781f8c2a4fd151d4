/* What a worker of PageParser runs: pages come in, columns go out, one after the other. */
import { parentPort } from 'node:worker_threads';
import { memoryOf } from './columns.ts';
import { type PageOrder, tryPage } from './page-order.ts';

parentPort?.on('message', (order: PageOrder) => {
  const result = tryPage(order);
  parentPort?.postMessage(result, 'page' in result ? memoryOf(result.page) : []);
});
