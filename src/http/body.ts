import type { IncomingMessage } from 'node:http';
import { type Duplex, type Readable, Transform, pipeline } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { SourceError } from '../model/source-error.ts';
import type { BodyLimits } from './limits.ts';

/**
 * The inflated bytes of an answer, as they come. Wire and inflated bytes are counted; at the first one over a limit the
 * stream ends with an error, and nothing more is taken from the network. Who stops early ends the stream too.
 * @param stream the body as it came over the wire; `response` says how it is encoded.
 * @throws {SourceError} `too_large`, or `schema` for an encoding that was not asked for; else what the stream threw.
 */
export async function* bodyOf(stream: Readable, response: IncomingMessage, limits: BodyLimits): AsyncGenerator<Buffer> {
  const announcedBytes = Number(response.headers['content-length']);
  if (announcedBytes > limits.wireBytes) throw tooLarge(`${announcedBytes} bytes announced`);
  let wireBytes = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      wireBytes += chunk.length;
      done(wireBytes > limits.wireBytes ? tooLarge(`more than ${limits.wireBytes} bytes on the wire`) : null, chunk);
    },
  });
  const decoder = decoderFor(response.headers['content-encoding']?.trim().toLowerCase());
  const last = decoder ?? counter;
  // An error anywhere in the line ends it whole, and comes out of the loop below.
  pipeline(decoder === undefined ? [stream, counter] : [stream, counter, decoder], () => undefined);
  let inflatedBytes = 0;
  for await (const chunk of last as AsyncIterable<Buffer>) {
    inflatedBytes += chunk.length;
    if (inflatedBytes > limits.inflatedBytes) throw tooLarge(`more than ${limits.inflatedBytes} bytes inflated`);
    if (inflatedBytes > limits.ratioFromBytes && inflatedBytes > wireBytes * limits.ratio) {
      throw tooLarge(`inflates more than ${limits.ratio} times`);
    }
    yield chunk;
  }
}

function tooLarge(what: string): SourceError {
  return new SourceError('too_large', `the answer is too large: ${what}`);
}

function decoderFor(encoding: string | undefined): Duplex | undefined {
  switch (encoding) {
    case undefined:
    case '':
    case 'identity':
      return undefined;
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    default:
      throw new SourceError('schema', 'the answer has a content encoding that was not asked for');
  }
}
