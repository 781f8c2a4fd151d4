import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const step = z.object({ uses: z.string().optional(), run: z.string().optional(), with: z.record(z.string(), z.unknown()).optional() });
const workflow = z
  .object({
    on: z.object({ push: z.object({ tags: z.array(z.string()) }) }),
    permissions: z.record(z.string(), z.string()),
    jobs: z.record(z.string(), z.object({ needs: z.string().optional(), 'timeout-minutes': z.number(), steps: z.array(step) })),
  })
  .parse(parse(readFileSync('.github/workflows/release.yml', 'utf8')));
const runs = Object.values(workflow.jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));

test('a release is what CI holds, and nothing is published before', () => {
  expect(workflow.on.push.tags).toEqual(['v*']);
  for (const [name, { needs }] of Object.entries(workflow.jobs)) if (name !== 'check') expect(needs, name).toBe('check');
  expect(workflow.permissions).toEqual({ contents: 'read' });
});

test('dependencies are audited and their signatures verified, with a bill of materials and provenance', () => {
  for (const command of ['npm audit --omit=dev', 'npm audit signatures', 'npm sbom --omit=dev', 'npm publish --provenance']) {
    expect(runs.filter((run) => run.startsWith(command)), command).toHaveLength(1);
  }
  const at = (command: string): number => runs.findIndex((run) => run.startsWith(command));
  expect(at('npm audit signatures')).toBeLessThan(at('npm publish'));
});

test('no step of another’s code keeps the repository’s credentials, and each names its version', () => {
  for (const { uses, with: options } of Object.values(workflow.jobs).flatMap(({ steps }) => steps)) {
    if (uses === undefined) continue;
    expect(uses).toMatch(/@(v\d+|[0-9a-f]{40})$/);
    if (uses.startsWith('actions/checkout@')) expect(options).toMatchObject({ 'persist-credentials': false });
  }
});
