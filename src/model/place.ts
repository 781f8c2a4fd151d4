/** A piece of a text, its end exclusive. */
export interface Place {
  readonly start: number;
  readonly end: number;
}
