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
}

/** Most levels of nested arrays and objects: whatever walks deeper ones overflows. */
export const mostLevels = 64;

/**
 * Most values of a body: three bytes of JSON can be sixty of memory, and a parse cannot be stopped when there is none left. The
 * largest page of a report has half as many.
 */
export const mostValues = 8_000_000;

/** Most bytes of an answer's status line and headers together; Node's own choice can be changed from outside. */
export const mostHeaderBytes = 16 * 1024;

/** For bodies of a few kilobytes. */
export const defaultLimits: BodyLimits = {
  wireBytes: 4 * 1024 * 1024,
  inflatedBytes: 4 * 1024 * 1024,
  ratio: 200,
  ratioFromBytes: 256 * 1024,
};

/** A page of a large organization's report has tens of thousands of rows. */
export const pageLimits: BodyLimits = { ...defaultLimits, wireBytes: 64 * 1024 * 1024, inflatedBytes: 64 * 1024 * 1024 };
