import { createServer as createHttpsServer } from 'node:https';
import { ServerCredentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startReceiver } from '../../src/demo/receiver.ts';
import type { AttemptResult, Sender } from '../../src/export/attempt.ts';
import { httpSender } from '../../src/export/otlp-http.ts';
import { grpcSender } from '../../src/export/otlp-grpc.ts';
import { type Authority, type Identity, createAuthority } from '../support/certificates.ts';
import { cleanup } from '../support/cleanup.ts';
import { startHttpReceiver } from '../support/http-receiver.ts';
import { gaugeRequest } from '../support/metrics.ts';
import { listening } from '../support/proxy.ts';

const after = cleanup();
let authority: Authority;
let server: Identity;
let client: Identity;
beforeAll(async () => {
  authority = await createAuthority();
  [server, client] = await Promise.all([authority.issue(), authority.issue()]);
});
afterAll(() => authority.stop());

interface Protocol {
  readonly name: string;
  /** A receiver that speaks TLS; its port. */
  readonly secure: (options?: { identity?: Identity; clientCertificates?: boolean }) => Promise<number>;
  /** A receiver that does not; its port. */
  readonly plain: () => Promise<number>;
  readonly sender: (origin: string) => Sender;
}

const protocols: readonly Protocol[] = [
  {
    name: 'OTLP/gRPC',
    async secure({ identity = server, clientCertificates = false } = {}) {
      const pair = { private_key: Buffer.from(identity.key), cert_chain: Buffer.from(identity.certificate) };
      const credentials = ServerCredentials.createSsl(Buffer.from(authority.certificate), [pair], clientCertificates);
      const receiver = await startReceiver({ credentials });
      after(() => receiver.stop());
      return receiver.port;
    },
    async plain() {
      const receiver = await startReceiver();
      after(() => receiver.stop());
      return receiver.port;
    },
    sender: grpcSender,
  },
  {
    name: 'OTLP/HTTP',
    async secure({ identity = server, clientCertificates = false } = {}) {
      const options = { key: identity.key, cert: identity.certificate, ca: authority.certificate, requestCert: clientCertificates };
      const receiver = createHttpsServer(options, (_, response) => response.end());
      after(() => receiver.close());
      after(() => receiver.closeAllConnections());
      return listening(receiver);
    },
    async plain() {
      const receiver = await startHttpReceiver();
      after(() => receiver.stop());
      return receiver.port;
    },
    sender: (origin) => httpSender(`${origin}/v1/metrics`),
  },
];

function environment(variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  after(() => vi.unstubAllEnvs());
}

describe.each(protocols)('$name', ({ secure, plain, sender }) => {
  async function send(origin: string): Promise<AttemptResult> {
    const sending = sender(origin);
    after(() => sending.close());
    return sending.send(gaugeRequest(1), 5_000);
  }

  test('a backend whose authority is named is trusted', async () => {
    environment({ OTEL_EXPORTER_OTLP_CERTIFICATE: authority.certificateFile });
    expect(await send(`https://localhost:${await secure()}`)).toEqual({ status: 'acknowledged', rejectedPoints: 0 });
  });

  test('one whose authority is not trusted gets nothing, and the setting that would name it is said', async () => {
    const result = await send(`https://localhost:${await secure()}`);
    expect(result).toMatchObject({
      status: 'failed',
      message: expect.stringMatching(/cannot be reached: its certificate.*not.*trusted.*OTEL_EXPORTER_OTLP_CERTIFICATE/) as string,
    });
  });

  test('a certificate for another host, and one past its date, are said to be that', async () => {
    environment({ OTEL_EXPORTER_OTLP_CERTIFICATE: authority.certificateFile });
    const hourAgo = new Date(Date.now() - 3_600_000);
    const [elsewhere, old] = await Promise.all([
      authority.issue({ host: 'elsewhere.test' }),
      authority.issue({ from: new Date(hourAgo.getTime() - 86_400_000), until: hourAgo }),
    ]);
    expect(await send(`https://localhost:${await secure({ identity: elsewhere })}`)).toMatchObject({
      message: expect.stringMatching(/cannot be reached: its certificate is for another host name$/) as string,
    });
    expect(await send(`https://localhost:${await secure({ identity: old })}`)).toMatchObject({
      message: expect.stringMatching(/cannot be reached: its certificate has expired$/) as string,
    });
  });

  test('a backend that asks for a client certificate gets the one that is set', async () => {
    environment({
      OTEL_EXPORTER_OTLP_CERTIFICATE: authority.certificateFile,
      OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE: client.certificateFile,
      OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY: client.keyFile,
    });
    expect(await send(`https://localhost:${await secure({ clientCertificates: true })}`)).toEqual({ status: 'acknowledged', rejectedPoints: 0 });
  });

  test('without one the failure says so', async () => {
    environment({ OTEL_EXPORTER_OTLP_CERTIFICATE: authority.certificateFile });
    const result = await send(`https://localhost:${await secure({ clientCertificates: true })}`);
    expect(result).toMatchObject({ status: 'failed', message: expect.stringContaining('OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE') as string });
  });

  test('https:// where no TLS is spoken, and http:// where it is, lead to the other', async () => {
    expect(await send(`https://localhost:${await plain()}`)).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('it does not speak TLS; write http://') as string,
    });
    expect(await send(`http://localhost:${await secure()}`)).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('if it speaks TLS, write https://') as string,
    });
  });
});
