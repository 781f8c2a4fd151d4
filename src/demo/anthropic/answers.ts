import { dollarUnits } from '../../model/report.ts';
import type { PlainAnswer } from '../http-server.ts';

/** A request that the API refuses; thrown by what makes an answer, and answered with its envelope. */
export class Refused extends Error {
  readonly answer: PlainAnswer;

  constructor(answer: PlainAnswer) {
    super(`refused with ${answer.status}`);
    this.answer = answer;
  }
}

/** An error as the API words it; the request's id is added where it is answered. */
export function errorAnswer(status: number, type: string, message: string, headers: Readonly<Record<string, string>> = {}): PlainAnswer {
  return { status, headers, body: { type: 'error', error: { type, message } } };
}

/** 400, with the only explanation there is. */
export function badRequest(message: string): Refused {
  return new Refused(errorAnswer(400, 'invalid_request_error', message));
}

/** 404. */
export function notFound(): Refused {
  return new Refused(errorAnswer(404, 'not_found_error', 'The requested resource could not be found.'));
}

/** An instant as the API writes it. */
export function rfc3339(atMs: number): string {
  return new Date(atMs).toISOString().replace('.000Z', 'Z');
}

const centUnits = dollarUnits / 100n;
const centPlaces = centUnits.toString().length - 1;

/** Units of money as decimal text in cents, exactly. */
export function centsText(units: bigint): string {
  const digits = (units < 0n ? -units : units).toString().padStart(centPlaces + 1, '0');
  const fraction = digits.slice(-centPlaces).replace(/0+$/, '');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -centPlaces)}${fraction === '' ? '' : `.${fraction}`}`;
}
