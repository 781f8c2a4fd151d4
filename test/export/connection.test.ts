import { expect, test } from 'vitest';
import { connectionProblem } from '../../src/export/connection.ts';

test.each([
  ['Error: connect ECONNREFUSED 127.0.0.1:4317', 'nothing listens there'],
  ['ENOTFOUND getaddrinfo ENOTFOUND collector.invalid', 'the host name is not known'],
  ['Name resolution failed for target dns:collector.invalid:4317', 'the host name is not known'],
  [
    "ERR_TLS_CERT_ALTNAME_INVALID Hostname/IP does not match certificate's altnames: Host: a. is not in the cert's altnames: DNS:b",
    'its certificate is for another host name',
  ],
  ["Error: Hostname/IP does not match certificate's altnames: Host: a. is not", 'its certificate is for another host name'],
  ['CERT_HAS_EXPIRED certificate has expired', 'its certificate has expired'],
  ['Error: 404DA3B8F47F0000:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:', 'it does not speak TLS; write http:// in the endpoint'],
  ['Protocol error', 'it does not speak gRPC; for OTLP/HTTP set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf'],
  ['Error: 404DA3B8F47F0000:error:0A000460:SSL routines:ssl3_read_bytes:tlsv1 alert no application protocol:', 'it does not speak gRPC; for OTLP/HTTP set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf'],
  ['HPE_INVALID_CONSTANT Parse Error: Expected HTTP/', 'it does not speak HTTP/1.1; for OTLP/gRPC set OTEL_EXPORTER_OTLP_PROTOCOL=grpc'],
  ['error:0480006C:PEM routines::no start line', 'a file with a certificate or a key is not what it should be'],
])('%s', (text, meaning) => {
  expect(connectionProblem(text)).toBe(meaning);
});

test('what is not known is passed on without control characters', () => {
  expect(connectionProblem('EWEIRD something\u001b[31m else')).toBe('EWEIRD something[31m else');
});
