import { agentDashboard } from './agent.ts';
import { organizationDashboard } from './organization.ts';
import { windowsDashboard } from './windows.ts';

/** Every dashboard as Grafana reads it, by its path from the root of the project. */
export function dashboards(): ReadonlyMap<string, string> {
  const all = [windowsDashboard(), organizationDashboard(), agentDashboard()];
  return new Map(all.map((made) => [`deploy/grafana/dashboards/${made.uid}.json`, `${JSON.stringify(made, null, 2)}\n`]));
}
