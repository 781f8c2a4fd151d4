import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** What .ci/container tells about the image that it has built. */
const environment = z
  .object({
    IMAGE_CONFIG: z.string().transform((text) => JSON.parse(text) as unknown),
    IMAGE_RUN: z.string().transform((text) => text.split('\n')),
    IMAGE_CONTAINER: z.string(),
    IMAGE_ROOT: z.string(),
  })
  .parse(process.env);

/** The image's own configuration (https://github.com/opencontainers/image-spec/blob/main/config.md). */
export const { config: imageConfig } = z
  .object({
    config: z.object({
      User: z.string(),
      Env: z.array(z.string()),
      Entrypoint: z.array(z.string()),
      Cmd: z.array(z.string()),
      Labels: z.record(z.string(), z.string()),
    }),
  })
  .parse(environment.IMAGE_CONFIG);

/** Root of a container's file system, as seen from outside. */
export const imageRoot = environment.IMAGE_ROOT;

/** A process in a container. */
export interface Contained {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

type Variables = Readonly<Record<string, string>>;

/** Runs a command by buildah as the image's user; the root is writable, as far as that user may write. */
export function inContainer(command: readonly string[], variables: Variables = {}): Contained {
  const flags = Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  return start([...environment.IMAGE_RUN, ...flags, environment.IMAGE_CONTAINER, '--', ...command], process.env);
}

/** Mounts the root read-only and becomes the command: no shell of the image's, and no /proc, /dev or /tmp. */
const readOnly = `
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
user=$2
cd "$1"
shift 2
exec chroot --userspec="$user" --groups= . "$@"`;

/** Runs a command as PID 1 on a read-only root, as the image's user and with nothing but its environment. */
export function onReadOnlyRoot(command: readonly string[], variables: Variables = {}): Contained {
  const own = Object.fromEntries(imageConfig.Env.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
  return start(
    ['unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-euc', readOnly, 'sh', imageRoot, imageConfig.User, ...command],
    { ...own, ...variables },
  );
}

/** Sends a signal to PID 1 of {@link onReadOnlyRoot}, from outside as a container runtime does. */
export function signalFirstProcess({ child }: Contained, signal: NodeJS.Signals): void {
  const pid = String(child.pid);
  const first = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  process.kill(Number(first), signal);
}

function start([program = '', ...args]: readonly string[], env: NodeJS.ProcessEnv): Contained {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<Awaited<Contained['ended']>>((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended };
}
