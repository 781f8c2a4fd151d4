import { afterAll, describe, expect, test } from 'vitest';
import { load, removeFiles } from './load.ts';

afterAll(removeFiles);

const key = { OPENROUTER_API_KEY: 'sk-or-v1-fake' };

describe('metrics go', () => {
  const targets: readonly (readonly [Record<string, string>, string, string])[] = [
    [{}, 'grpc', 'http://localhost:4317'],
    [{ PROTOCOL: 'http/protobuf' }, 'http/protobuf', 'http://localhost:4318/v1/metrics'],
    [{ PROTOCOL: 'GRPC' }, 'grpc', 'http://localhost:4317'],
    [{ ENDPOINT: 'http://collector:4317' }, 'grpc', 'http://collector:4317'],
    [{ ENDPOINT: 'HTTP://collector:4317/' }, 'grpc', 'http://collector:4317'],
    [{ ENDPOINT: 'https://collector' }, 'grpc', 'https://collector'],
    [{ ENDPOINT: 'collector:4317' }, 'grpc', 'https://collector:4317'],
    [{ ENDPOINT: 'collector:4317', INSECURE: 'True' }, 'grpc', 'http://collector:4317'],
    [{ ENDPOINT: 'collector:4317', INSECURE: '1' }, 'grpc', 'https://collector:4317'],
    [{ ENDPOINT: 'https://collector:4317', INSECURE: 'true' }, 'grpc', 'https://collector:4317'],
    [{ ENDPOINT: 'http://collector:4318' }, 'http/protobuf', 'http://collector:4318/v1/metrics'],
    [{ ENDPOINT: 'http://collector:4318', PROTOCOL: 'grpc' }, 'grpc', 'http://collector:4318'],
    [{ ENDPOINT: 'https://host/otlp/' }, 'http/protobuf', 'https://host/otlp/v1/metrics'],
    [{ METRICS_ENDPOINT: 'https://host/otlp/' }, 'http/protobuf', 'https://host/otlp/'],
    [{ METRICS_ENDPOINT: 'http://host:4318' }, 'http/protobuf', 'http://host:4318/'],
    [{ ENDPOINT: 'http://a:4317', METRICS_ENDPOINT: 'http://b:4317' }, 'grpc', 'http://b:4317'],
    [{ PROTOCOL: 'grpc', METRICS_PROTOCOL: 'http/protobuf', ENDPOINT: 'http://a' }, 'http/protobuf', 'http://a/v1/metrics'],
    [{ ENDPOINT: 'http://a:4317', METRICS_ENDPOINT: '' }, 'grpc', 'http://a:4317'],
  ];

  test.each(targets)('with %o over %s to %s', (variables, protocol, url) => {
    const environment = Object.fromEntries(Object.entries(variables).map(([name, text]) => [`OTEL_EXPORTER_OTLP_${name}`, text]));
    const { otlp } = load({ ...key, ...environment }).export;
    expect(otlp).toEqual({ protocol, url, tls: url.startsWith('https:'), timeoutMs: 10_000 });
  });

  test('to the console, to scrapers, several ways, or nowhere, as OTEL_METRICS_EXPORTER lists', () => {
    const chosen = (list: string): object => {
      const { otlp, console, scrape } = load({ ...key, OTEL_METRICS_EXPORTER: list }).export;
      return { otlp: otlp !== undefined, console, scrape };
    };
    expect(chosen('console')).toEqual({ otlp: false, console: true, scrape: false });
    expect(chosen(' OTLP , console,')).toEqual({ otlp: true, console: true, scrape: false });
    expect(chosen('otlp,prometheus')).toEqual({ otlp: true, console: false, scrape: true });
    expect(chosen('prometheus')).toEqual({ otlp: false, console: false, scrape: true });
    expect(chosen('none')).toEqual({ otlp: false, console: false, scrape: false });
  });
});

test('the server listens at HTTP_ADDRESS, else where the standard’s names say, else on loopback', () => {
  const at = (settings: Readonly<Record<string, string>>): object | undefined => load({ ...key, ...settings }).http;
  expect(at({})).toEqual({ host: '127.0.0.1', port: 9464, loopback: true, scrape: false, statusPage: true, setting: 'HTTP_ADDRESS', compatible: false });
  expect(at({ HTTP_ADDRESS: '[::1]:0' })).toMatchObject({ host: '::1', port: 0, loopback: true });
  expect(at({ HTTP_ADDRESS: 'LocalHost:80' })).toMatchObject({ loopback: true });
  expect(at({ HTTP_ADDRESS: '0.0.0.0:9464' })).toMatchObject({ host: '0.0.0.0', loopback: false });
  expect(at({ HTTP_ADDRESS: 'None' })).toBeUndefined();
  const standard = { OTEL_EXPORTER_PROMETHEUS_HOST: '::', OTEL_EXPORTER_PROMETHEUS_PORT: '9001', OTEL_METRICS_EXPORTER: 'prometheus' };
  expect(at(standard)).toEqual({ host: '::', port: 9001, loopback: false, scrape: true, statusPage: false, setting: 'OTEL_EXPORTER_PROMETHEUS_PORT', compatible: false });
  expect(at({ ...standard, HTTP_ADDRESS: '127.0.0.1:1' })).toMatchObject({ host: '127.0.0.1', port: 1, setting: 'HTTP_ADDRESS' });
});

test('the status page is there where only this machine reaches it, unless STATUS_PAGE says otherwise', () => {
  const isThere = (settings: Readonly<Record<string, string>>): boolean | undefined => load({ ...key, ...settings }).http?.statusPage;
  expect(isThere({})).toBe(true);
  expect(isThere({ STATUS_PAGE: 'false' })).toBe(false);
  expect(isThere({ HTTP_ADDRESS: '0.0.0.0:9464' })).toBe(false);
  expect(isThere({ HTTP_ADDRESS: '0.0.0.0:9464', STATUS_PAGE: 'true' })).toBe(true);
});

test('times are the standard’s; the metrics form wins, and a push ends before the next', () => {
  expect(load(key).export).toMatchObject({ intervalMs: 60_000, timeoutMs: 30_000 });
  const { export: chosen } = load({
    ...key,
    OTEL_METRIC_EXPORT_INTERVAL: '5000',
    OTEL_EXPORTER_OTLP_TIMEOUT: '2000',
    OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: '3000',
  });
  expect(chosen).toMatchObject({ intervalMs: 5000, timeoutMs: 5000, otlp: { timeoutMs: 3000 } });
});

test('variables that are set but not honoured are named in one warning', () => {
  const { warnings } = load({
    ...key,
    OTEL_LOGS_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://a',
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta',
    OTEL_METRICS_EXEMPLAR_FILTER: 'always_on',
    OTEL_CONFIG_FILE: '/etc/otel.yaml',
    OTEL_SERVICE_NAME_FILE: '/etc/name',
    OTEL_PROPAGATORS: '',
    OTEL_SERVICE_NAME: 'agent',
  });
  expect(warnings).toEqual([
    'set, but not honoured by this agent: OTEL_CONFIG_FILE, OTEL_EXPORTER_OTLP_LOGS_ENDPOINT, OTEL_LOGS_EXPORTER, OTEL_METRICS_EXEMPLAR_FILTER, OTEL_SERVICE_NAME_FILE',
  ]);
});

test('what switches off that which is not there is no reason to warn', () => {
  const quiet = { OTEL_TRACES_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'None', OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'Cumulative' };
  expect(load({ ...key, ...quiet }).warnings).toEqual([]);
});

test('only the word true is true, and anything but true and false is said to be false', () => {
  expect(load({ ...key, OTEL_SDK_DISABLED: 'TRUE' })).toMatchObject({ disabled: true, warnings: [] });
  expect(load({ ...key, OTEL_SDK_DISABLED: 'yes' })).toMatchObject({
    disabled: false,
    warnings: ['OTEL_SDK_DISABLED counts as false: only the word true is true ("yes")'],
  });
});

test('a cookie service beyond loopback without TLS is worth a warning', () => {
  expect(load({ COOKIEJAR_URL: 'http://jar:50051' }).warnings).toEqual([
    'cookies come from jar:50051 without TLS; anyone on that network can read them',
  ]);
  expect(load({ COOKIEJAR_URL: 'http://127.0.0.1:50051' }).warnings).toEqual([]);
  expect(load({ COOKIEJAR_URL: 'https://jar:50051' }).warnings).toEqual([]);
});
