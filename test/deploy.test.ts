import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { onceTimeoutMs } from '../src/commands/once.ts';
import { type Config, loadConfig } from '../src/config/config.ts';
import { parseDuration } from '../src/config/duration.ts';
import { honoured } from '../src/config/otel-variables.ts';
import { type Setting, settings } from '../src/config/settings.ts';
import { version } from '../src/version.ts';

function yaml<T>(path: string, schema: z.ZodType<T>): T {
  return schema.parse(parse(readFileSync(path, 'utf8')) as unknown);
}

const names = z.record(z.string(), z.string()).default({});
const compose = yaml(
  'docker-compose.yml',
  z.object({
    services: z.record(
      z.string(),
      z.object({
        image: z.string(),
        build: z.string().optional(),
        environment: names,
        healthcheck: z.object({ test: z.array(z.string()) }).optional(),
        ports: z.array(z.string()).default([]),
        volumes: z.array(z.string()).default([]),
        command: z.array(z.string()).default([]),
        read_only: z.boolean().optional(),
        cap_drop: z.array(z.string()).optional(),
        security_opt: z.array(z.string()).optional(),
      }),
    ),
    volumes: z.record(z.string(), z.null()),
  }),
);
const services = Object.entries(compose.services);

const endpoint = z.object({ endpoint: z.string() });
const collector = yaml(
  'deploy/collector/config.yaml',
  z.object({
    receivers: z.object({ otlp: z.object({ protocols: z.object({ grpc: endpoint }) }) }),
    exporters: z.object({
      prometheus: endpoint.extend({ metric_expiration: z.string() }),
      'otlp_grpc/jaeger': endpoint,
    }),
    service: z.object({ pipelines: z.record(z.string(), z.object({ receivers: z.array(z.string()), exporters: z.array(z.string()) })) }),
  }),
);

/** Host and port of an address with or without a scheme. */
function place(address: string): { readonly host: string; readonly port: string } {
  const [host = '', port = ''] = address.replace(/^https?:\/\//, '').split(':');
  return { host, port };
}

const probe = z.object({ httpGet: z.object({ path: z.string(), port: z.string() }) });
const container = z.object({
  image: z.string(),
  ports: z.array(z.object({ name: z.string(), containerPort: z.number() })).default([]),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  args: z.array(z.string()).default([]),
  env: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]),
  volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })).default([]),
  securityContext: z.object({
    allowPrivilegeEscalation: z.boolean(),
    readOnlyRootFilesystem: z.boolean(),
    capabilities: z.object({ drop: z.array(z.string()), add: z.array(z.string()).default([]) }),
  }),
});
const podSpec = z.object({
  automountServiceAccountToken: z.boolean(),
  enableServiceLinks: z.boolean(),
  terminationGracePeriodSeconds: z.number().optional(),
  securityContext: z.object({
    runAsNonRoot: z.boolean(),
    seccompProfile: z.object({ type: z.string() }),
    fsGroup: z.number(),
    fsGroupChangePolicy: z.string(),
  }),
  containers: z.array(container),
  volumes: z.array(z.object({ name: z.string(), persistentVolumeClaim: z.object({ claimName: z.string() }) })).default([]),
});
const deployment = yaml(
  'deploy/kubernetes/deployment.yaml',
  z.object({
    spec: z.object({
      replicas: z.number(),
      strategy: z.object({ type: z.string() }),
      selector: z.object({ matchLabels: names }),
      template: z.object({ metadata: z.object({ labels: names }), spec: podSpec }),
    }),
  }),
).spec;
const cronJob = yaml(
  'deploy/kubernetes/cronjob.yaml',
  z.object({
    spec: z.object({
      schedule: z.string(),
      concurrencyPolicy: z.string(),
      jobTemplate: z.object({
        spec: z.object({ activeDeadlineSeconds: z.number(), template: z.object({ spec: podSpec }) }),
      }),
    }),
  }),
).spec;
const pods = [
  ['deployment.yaml', deployment.template.spec],
  ['cronjob.yaml', cronJob.jobTemplate.spec.template.spec],
] as const;

/** Settings of an agent with this environment, and no .env of its own. */
function configOf(environment: Readonly<Record<string, string>>): Config {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-'));
  try {
    const envFile = join(folder, '.env');
    writeFileSync(envFile, '');
    return loadConfig({ envFile, environment, flags: {} });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Every name the agent knows: its settings, the files of its secrets, and the standard's variables. */
const known = new Set([
  ...Object.entries<Setting<unknown>>(settings).flatMap(([name, { secret }]) => (secret === true ? [name, `${name}_FILE`] : [name])),
  ...honoured.flatMap(({ name, secret }) => (secret === true ? [name, `${name}_FILE`] : [name])),
]);

const dockerfile = readFileSync('Dockerfile', 'utf8');
/** User and group of the image. */
const imageUser = /^USER (\d+):(\d+)$/m.exec(dockerfile)?.slice(1) ?? [];

describe('compose', () => {
  const { agent } = compose.services;

  test('makes the agent push metrics and traces to its own Collector, whatever a person’s .env says', () => {
    const elsewhere: Readonly<Record<string, string>> = {
      ENDPOINT: 'https://elsewhere.example/otlp',
      PROTOCOL: 'http/protobuf',
      HEADERS: 'authorization=Bearer%20fake',
      HEADERS_FILE: '/not/in/the/container',
      CERTIFICATE: '/not/in/the/container',
      CLIENT_CERTIFICATE: '/not/in/the/container',
      CLIENT_KEY: '/not/in/the/container',
    };
    const ofSignals = ['', 'METRICS_', 'TRACES_'].flatMap((signal) =>
      Object.entries(elsewhere).map(([name, value]) => [`OTEL_EXPORTER_OTLP_${signal}${name}`, value] as const),
    );
    const dotEnv = {
      CLAUDE_SESSION_KEY: 'sk-ant-sid01-fake',
      ...Object.fromEntries(ofSignals),
      OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta',
    };
    const { grpc } = collector.receivers.otlp.protocols;
    const ours = { protocol: 'grpc', url: `http://collector:${place(grpc.endpoint).port}` };

    const { export: exported, traces, otelVariables } = configOf({ ...dotEnv, ...agent?.environment });
    expect(exported).toMatchObject({ otlp: ours, temporality: 'cumulative' });
    expect(traces).toMatchObject({ otlp: ours });
    expect(JSON.stringify([exported, traces, otelVariables])).not.toMatch(/elsewhere|authorization|not\/in/);
    expect(compose.services).toHaveProperty('collector');
  });

  test('shows the status page to this machine', () => {
    const { http } = configOf({ CLAUDE_SESSION_KEY: 'sk-ant-sid01-fake', STATUS_PAGE: 'false', ...agent?.environment });
    expect(http).toMatchObject({ host: '0.0.0.0', statusPage: true });
    expect(agent?.ports).toEqual([`127.0.0.1:${http?.port ?? ''}:${http?.port ?? ''}`]);
  });

  test('keeps the agent’s state in a volume that is its user’s', () => {
    const folder = agent?.environment['STATE_DIR'] ?? '';
    const [volume = ''] = (agent?.volumes ?? []).filter((mount) => mount.endsWith(`:${folder}`));

    expect(compose.volumes).toHaveProperty(volume.replace(`:${folder}`, ''));
    expect(dockerfile).toContain(`COPY --from=build --chown=${imageUser.join(':')} /app/state ${folder}\n`);
  });

  test('gives the agent no right it does not need', () => {
    expect(agent).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
  });

  test('opens ports to this machine only', () => {
    expect(services.flatMap(([, { ports }]) => ports).filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  test('names the version of every image that it does not build', () => {
    for (const [name, { image, build }] of services) {
      if (build === undefined) expect(image, name).toMatch(/:v?\d+\.\d+\.\d+$/);
    }
  });

  test('mounts only files that are here and volumes that are declared', () => {
    for (const [name, { volumes }] of services) {
      for (const source of volumes.map((volume) => volume.split(':')[0] ?? '')) {
        expect(source.startsWith('./') ? existsSync(source) : source in compose.volumes, `${name}: ${source}`).toBe(true);
      }
    }
  });

  test('joins Collector, Prometheus, Grafana and Jaeger by names and ports that exist', () => {
    const prometheus = yaml(
      'deploy/prometheus/prometheus.yml',
      z.object({ scrape_configs: z.array(z.object({ static_configs: z.array(z.object({ targets: z.array(z.string()) })) })) }),
    );
    const grafana = yaml(
      'deploy/grafana/provisioning/datasources/prometheus.yaml',
      z.object({ datasources: z.array(z.object({ url: z.string() })) }),
    );
    const targets = prometheus.scrape_configs.flatMap((scrape) => scrape.static_configs.flatMap((group) => group.targets));

    expect(targets).toEqual([`collector:${place(collector.exporters.prometheus.endpoint).port}`]);
    const peers = [...targets, ...grafana.datasources.map(({ url }) => url), collector.exporters['otlp_grpc/jaeger'].endpoint];
    expect(peers.map((address) => place(address).host).filter((host) => !(host in compose.services))).toEqual([]);
    expect(grafana.datasources.map(({ url }) => place(url).port)).toEqual(
      compose.services['prometheus']?.ports.map((port) => port.split(':').at(-1)),
    );
  });

  test('sends metrics to Prometheus and traces to Jaeger, which takes no metrics', () => {
    expect(collector.service.pipelines).toMatchObject({
      metrics: { receivers: ['otlp'], exporters: ['prometheus'] },
      traces: { receivers: ['otlp'], exporters: ['otlp_grpc/jaeger'] },
    });
  });

  test('shows Grafana every dashboard, and the windows first', () => {
    const grafana = compose.services['grafana'];
    const folders = (grafana?.volumes ?? []).map((volume) => volume.split(':'));
    const provider = yaml(
      'deploy/grafana/provisioning/dashboards/claude-usage-metrics.yaml',
      z.object({ providers: z.tuple([z.object({ options: z.object({ path: z.string() }) })]) }),
    ).providers[0].options.path;
    const [source = ''] = folders.find(([, target]) => target === provider) ?? [];
    const home = grafana?.environment['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH'] ?? '';

    expect(readdirSync(source).length).toBeGreaterThan(1);
    expect(existsSync(home.replace(provider, source)), home).toBe(true);
  });

  test('lets a number that is no longer pushed vanish after more than two pushes and before Prometheus’ own five minutes', () => {
    const { intervalMs } = configOf({ CLAUDE_SESSION_KEY: 'sk-ant-sid01-fake' }).export;
    const expiryMs = parseDuration(collector.exporters.prometheus.metric_expiration);

    expect(expiryMs).toBeGreaterThan(2 * intervalMs);
    expect(expiryMs).toBeLessThan(5 * 60_000);
  });
});

describe.each(pods)('%s', (_, pod) => {
  // https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
  test('meets the restricted Pod Security Standard, with a root file system nobody writes to', () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    for (const { securityContext } of pod.containers) {
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'], add: [] },
      });
    }
  });

  test('gets no token of the cluster, and no variables that could be taken for settings', () => {
    expect(pod).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
  });

  test('keeps the agent’s state in a volume of its own, which survives the pod', () => {
    const [claim] = pod.volumes;
    const state = yaml('deploy/kubernetes/state.yaml', z.object({ kind: z.string(), metadata: z.object({ name: z.string() }) }));
    const [agent] = pod.containers;

    expect(state).toEqual({ kind: 'PersistentVolumeClaim', metadata: { name: claim?.persistentVolumeClaim.claimName } });
    expect(agent?.volumeMounts).toEqual([{ name: claim?.name, mountPath: agent?.env.find(({ name }) => name === 'STATE_DIR')?.value }]);
    expect(String(pod.securityContext.fsGroup)).toBe(imageUser[1]);
  });

  test('runs the version that it came with', () => {
    expect(pod.containers.map(({ image }) => image)).toEqual([`claude-usage-metrics:${version}`]);
  });
});

test('neither manifest ever runs two agents for an account', () => {
  expect(deployment).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
  expect(cronJob.concurrencyPolicy).toBe('Forbid');
});

test('the Deployment selects the pods that it makes', () => {
  expect(deployment.template.metadata.labels).toMatchObject(deployment.selector.matchLabels);
});

test('the Deployment asks for health where the agent listens, and so does the compose file', () => {
  const [agentContainer] = deployment.template.spec.containers;
  const { env = [], ports = [], livenessProbe, readinessProbe } = agentContainer ?? {};
  const agent = compose.services['agent'];
  const secret = { CLAUDE_SESSION_KEY: 'sk-ant-sid01-fake', HTTP_ADDRESS: 'none' };
  const listensAt = (environment: Readonly<Record<string, string>>): object | undefined => configOf({ ...secret, ...environment }).http;
  const port = ports[0]?.containerPort;

  expect(listensAt(Object.fromEntries(env.map(({ name, value = '' }) => [name, value])))).toMatchObject({ host: '0.0.0.0', port });
  expect(livenessProbe?.httpGet).toEqual({ path: '/healthz', port: ports[0]?.name });
  expect(readinessProbe?.httpGet).toEqual({ path: '/readyz', port: ports[0]?.name });
  expect(listensAt(agent?.environment ?? {})).toMatchObject({ host: '0.0.0.0', port });
  expect(agent?.healthcheck?.test.join(' ')).toContain(`'http://127.0.0.1:${port ?? ''}/healthz'`);
});

test('the image listens where its probes and its scrapers are, unless it is told another address', () => {
  const dockerfile = readFileSync('Dockerfile', 'utf8');
  const [, host = ''] = /OTEL_EXPORTER_PROMETHEUS_HOST=(\S+)/.exec(dockerfile) ?? [];
  const image = { CLAUDE_SESSION_KEY: 'sk-ant-sid01-fake', OTEL_EXPORTER_PROMETHEUS_HOST: host };
  const { http } = configOf(image);
  expect(http).toMatchObject({ host: '0.0.0.0' });
  expect(dockerfile).toContain(`EXPOSE ${http?.port ?? ''}\n`);
  expect(configOf({ ...image, HTTP_ADDRESS: '127.0.0.1:1' }).http).toMatchObject({ host: '127.0.0.1', port: 1 });
});

test('a CronJob’s run has the time that once may take, and ends before the next', () => {
  const everyMinutes = Number(/^\*\/(\d+) /.exec(cronJob.schedule)?.[1]);
  const { activeDeadlineSeconds } = cronJob.jobTemplate.spec;
  expect(activeDeadlineSeconds * 1000).toBeGreaterThan(onceTimeoutMs);
  expect(activeDeadlineSeconds).toBeLessThan(everyMinutes * 60);
});

test('every setting named for the agent in a manifest, the compose file or docs/deploy.md exists', () => {
  const manifests = pods.flatMap(([, { containers }]) => containers.flatMap(({ env }) => env.map(({ name }) => name)));
  const inText = [...textFiles('deploy'), 'docs/deploy.md', 'docker-compose.yml'].flatMap(
    (path) => readFileSync(path, 'utf8').match(/\b(?:OTEL|CLAUDE|COOKIEJAR|OPENROUTER|ANTHROPIC|ACCOUNT|LOG|HTTP)_[A-Z_]*[A-Z]\b/g) ?? [],
  );
  const used = new Set([...manifests, ...Object.keys(compose.services['agent']?.environment ?? {}), ...inText]);

  expect(used.size).toBeGreaterThan(5);
  expect([...used].filter((name) => !known.has(name))).toEqual([]);
});

function textFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe('docs/backends.md', () => {
  const page = readFileSync('docs/backends.md', 'utf8');
  const sections = page.split(/^## /m).slice(1);
  const blocks = sections.flatMap((section) =>
    Array.from(section.matchAll(/^```env\n([^]*?)^```$/gm), ([, text = '']) => ({ backend: section.split('\n', 1)[0] ?? '', environment: parseEnv(text) })),
  );

  test.each(blocks)('$backend: the settings are accepted as they stand', ({ environment }) => {
    const all = { CLAUDE_SESSION_KEY: 'sk-ant-sid01-fake', ANTHROPIC_ADMIN_API_KEY: 'sk-ant-admin01-fake', ...environment };
    const { otlp } = configOf(all).export;

    // What speaks HTTP only must not be asked over gRPC.
    const given = environment['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT'] ?? `${environment['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? ''}/v1/metrics`;
    const grpc = /:(4317|443)(\/v1\/metrics)?$/.test(given);
    expect(otlp).toMatchObject(grpc ? { protocol: 'grpc' } : { protocol: 'http/protobuf', url: given });
    expect(Object.keys(environment).filter((name) => !known.has(name))).toEqual([]);
    // An endpoint for all signals has the traces too, which then want the credential.
    if (environment['OTEL_EXPORTER_OTLP_ENDPOINT'] !== undefined && environment['OTEL_EXPORTER_OTLP_METRICS_HEADERS'] !== undefined) {
      expect(Object.keys(environment)).toContain('OTEL_EXPORTER_OTLP_HEADERS');
    }
  });

  test('has settings for each backend but the one that takes no metrics', () => {
    const named = ['Prometheus', 'Grafana Cloud', 'Datadog', 'Dynatrace', 'New Relic', 'Honeycomb'];
    expect(named.filter((name) => !blocks.some(({ backend }) => backend === name))).toEqual([]);
  });
});
