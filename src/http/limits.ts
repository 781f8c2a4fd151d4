/** What an answer may cost before it is refused as `too_large`. */
export interface BodyLimits {
  /** Bytes on the wire. */
  readonly wireBytes: number;
  /** Bytes after decompression. */
  readonly inflatedBytes: number;
  /** Inflated bytes per wire byte, looked at once {@link ratioFromBytes} are inflated. */
  readonly ratio: number;
  /** Inflated bytes below which the ratio is not looked at: small repetitive bodies compress well. */
  readonly ratioFromBytes: number;
  /** Levels of nested arrays and objects. */
  readonly depth: number;
}

/** For bodies of a few kilobytes. */
export const defaultLimits: BodyLimits = {
  wireBytes: 4 * 1024 * 1024,
  inflatedBytes: 4 * 1024 * 1024,
  ratio: 200,
  ratioFromBytes: 256 * 1024,
  depth: 64,
};
