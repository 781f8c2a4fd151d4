/** The rooms of src/ and the arrows between them (docs/design.md): down only, sideways as listed. */
const floor = '^src/(model|config|http|telemetry|version[.]ts|state)';

/** What each room may import beside itself. */
const rooms = {
  'commands/': `^src/(commands|agent(-sources|-server)?[.]ts|demo|sources|metrics|export|server)|${floor}`,
  'agent(-sources|-totals|-server)?[.]ts$': `^src/(agent-(sources|totals|server)[.]ts|sources|ledger|metrics|export|server)|${floor}`,
  'sources/': `^src/sources|${floor}`,
  'ledger/': '^src/(ledger|model)',
  'metrics/': `^src/(metrics|ledger|sources/poller[.]ts)|${floor}`,
  'export/': `^src/export|${floor}`,
  'server/': `^src/(server|metrics)|${floor}`,
  'demo/': `^src/demo|${floor}`,
  'config/': '^src/(config|model|telemetry)',
  'http/': '^src/(http|model)',
  'telemetry/': '^src/(telemetry|model)',
  'model/': '^src/model',
};

module.exports = {
  forbidden: [
    ...Object.entries(rooms).map(([room, allowed]) => ({
      name: `arrows of ${room}`,
      severity: 'error',
      from: { path: `^src/${room}` },
      to: { path: '^src/', pathNot: allowed },
    })),
    {
      name: 'a source knows nothing of another source, of schedules, or of OpenTelemetry',
      severity: 'error',
      from: { path: '^src/sources/([^/]+)/' },
      to: { path: ['^src/sources/(claude-ai|openrouter|anthropic)/', '^src/sources/poller', 'node_modules/@opentelemetry'], pathNot: '^src/sources/$1/' },
    },
    {
      name: 'a read is pure: body in, points out',
      severity: 'error',
      from: { path: '^src/sources/[^/]+/(read|windows|money|reset|organization|buckets|usage-rows|cost-rows)[.]ts$' },
      to: { path: ['^src/', '^node:', '^(fs|net|http|https|timers)$'], pathNot: '^src/(model|sources/fields[.]ts|sources/[^/]+/(windows|money|reset|buckets)[.]ts)' },
    },
    {
      name: 'only agent and commands see the whole Config',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(config|commands|agent[^/]*)(/|[.]ts$)' },
      to: { path: '^src/config/config[.]ts$' },
    },
    {
      name: 'the simulators are for the demo and for tests',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(demo/|commands/(demo|arrivals))' },
      to: { path: '^src/demo/' },
    },
    { name: 'no circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no orphans',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: '^src/main[.]ts$' },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
