/*
 * A process of the built code that opens the state in a folder, writes one generation after the other, and says what became of
 * each: for a tracer, which kills it or makes its calls fail. Arguments: the folder, then the generations.
 */
import type { openTotalsState } from '../../../src/state/totals-state.ts';
import { totalsOf } from './generations.ts';

const built = (await import(new URL('../../../dist/state/totals-state.js', import.meta.url).href)) as { openTotalsState: typeof openTotalsState };
const [folder = '', ...generations] = process.argv.slice(2);
const say = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`);

const state = await built.openTotalsState(folder, 'default');
say({ notices: state.notices });
for (const generation of generations.map(Number)) {
  await state.save(totalsOf(generation)).then(
    () => say({ saved: generation }),
    (error: unknown) => say({ failed: generation, message: (error as Error).message }),
  );
}
await state.release();
