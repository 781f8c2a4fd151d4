import { cleanText } from '../model/text.ts';

const protocolVariable = 'OTEL_EXPORTER_OTLP_PROTOCOL';
const certificateVariable = 'OTEL_EXPORTER_OTLP_CERTIFICATE';

/**
 * What the texts and codes of Node, OpenSSL and grpc-js mean, and what to do; the first that fits. grpc-js tells causes
 * apart by their text alone.
 */
const meanings: readonly (readonly [pattern: RegExp, meaning: string])[] = [
  // What grpc-js says when a proxy is not there or refuses.
  [/^(undefined|null)$/, 'no connection came about'],
  [/ECONNREFUSED/, 'nothing listens there'],
  [/ENOTFOUND|EAI_AGAIN|EAI_NO|Name resolution failed/, 'the host name is not known'],
  [/ALTNAME|altnames/, 'its certificate is for another host name'],
  [/certificate has expired|CERT_HAS_EXPIRED/, 'its certificate has expired'],
  [/certificate required|bad certificate|handshake failure/, 'it wants another client certificate; see OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE'],
  [
    /self.signed|SELF_SIGNED|signature failure|unable to (get|verify)|UNABLE_TO_/,
    `its certificate is not of an authority that is trusted here; set ${certificateVariable} to the authority’s PEM file`,
  ],
  [/PEM routines|ERR_OSSL_(PEM|X509|ASN1|EVP)|key values mismatch/, 'a file with a certificate or a key is not what it should be'],
  [/wrong version number|packet length too long/, 'it does not speak TLS; write http:// in the endpoint'],
  [/no application protocol|Protocol error/, `it does not speak gRPC; for OTLP/HTTP set ${protocolVariable}=http/protobuf`],
  [/HPE_|Parse Error/, `it does not speak HTTP/1.1; for OTLP/gRPC set ${protocolVariable}=grpc`],
  [/Failed to connect|ECONNRESET|socket hang up/, 'it closed the connection; if it speaks TLS, write https:// in the endpoint'],
  [/illegal characters|ERR_INVALID_CHAR|Invalid character/, 'a header has characters that cannot be sent; see OTEL_EXPORTER_OTLP_HEADERS'],
];

/**
 * Why a request did not get as far as an answer, for people. Names the cause only where it is known: texts of libraries
 * may quote what they were given, headers too.
 * @param text message or code of the error.
 */
export function connectionProblem(text: string): string {
  const known = meanings.find(([pattern]) => pattern.test(text));
  return known === undefined ? cleanText(text) : known[1];
}
