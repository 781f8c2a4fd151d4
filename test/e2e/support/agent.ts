import { onTestFinished } from 'vitest';
import { type RunningCli, startCli } from '../../support/cli.ts';
import { type OrganizationWorld, startOrganization } from '../../support/organization.ts';
import { Charges } from './charges.ts';
import { type ShiftedClock, shiftedClock } from './shifted-clock.ts';

/** Longer than some scrapes. The reports are due in each cycle; with one request each the limiter lets a minute of them pass. */
const cycleMs = 1_000;

const shortCycles = {
  OTEL_METRIC_EXPORT_INTERVAL: String(cycleMs),
  ANTHROPIC_USAGE_POLL_INTERVAL: `${cycleMs}ms`,
  ANTHROPIC_COST_POLL_INTERVAL: `${cycleMs}ms`,
};

/** An organization that is charged, and agents that read it. */
export interface ChargedOrganization {
  readonly world: OrganizationWorld;
  readonly charges: Charges;
  readonly clock: ShiftedClock;
  /** Starts the built agent, which pushes to this port; it ends with the test at the latest. */
  startAgent(grpcPort: number, settings?: Readonly<Record<string, string>>): RunningCli;
}

/** Starts an organization whose clock shows an instant now. */
export async function startChargedOrganization(instant: Date): Promise<ChargedOrganization> {
  const clock = shiftedClock(instant);
  const world = await startOrganization(clock);
  onTestFinished(() => world.stop());
  return {
    world,
    charges: new Charges(world, clock),
    clock,
    startAgent(grpcPort, settings = {}) {
      const environment = {
        ...world.settings,
        ...shortCycles,
        ...clock.environment,
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${grpcPort}`,
        ...settings,
      };
      const running = startCli(['run'], environment, undefined, clock.nodeArgs);
      onTestFinished(async () => {
        running.child.kill('SIGKILL');
        await running.ended;
      });
      return running;
    },
  };
}
