import { parseAnswer } from '../../http/json.ts';
import type { Reason } from '../../model/reasons.ts';
import { SourceError } from '../../model/source-error.ts';
import { type PageColumns, type RowShape, columnsOf } from './columns.ts';

/** A page that is to be parsed. Data alone: it is sent to a worker. */
export interface PageOrder {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The request in messages. */
  readonly what: string;
  readonly shape: RowShape;
}

/** What became of an order, as data: an error does not keep its class from one thread to another. */
export type PageResult =
  | { readonly page: PageColumns }
  | { readonly refused: { readonly reason: Reason; readonly message: string; readonly status?: number } };

/** From the bytes of a good answer to columns. Pure. @throws {SourceError} as `parseAnswer` and {@link columnsOf} */
export function parsePage({ bytes, what, shape }: PageOrder): PageColumns {
  return columnsOf(parseAnswer(bytes, what), what, shape);
}

/** As {@link parsePage}, with a refusal as a value. */
export function tryPage(order: PageOrder): PageResult {
  try {
    return { page: parsePage(order) };
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    const { reason, message, status } = error;
    return { refused: { reason, message, ...(status !== undefined && { status }) } };
  }
}
