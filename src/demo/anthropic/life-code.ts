import { dayMs } from '../../model/calendar.ts';
import { dollarUnits } from '../../model/report.ts';
import type { Cast } from './cast.ts';
import { codeTools } from './claude-code-report.ts';
import { heavyTailed, instantIn, weighted } from './draw.ts';
import type { CodeActivity, CodeModelUse } from './events.ts';
import { type SimulatedOrganization, nameAt } from './organization.ts';
import { models } from './prices.ts';

const hourMs = 60 * 60_000;

/** A day of Claude Code: shown after an hour, some of it hours late, some taken back; settled half a day after the day. */
export function playCode(organization: SimulatedOrganization, startMs: number, perDay: number, random: () => number): void {
  const settledMs = startMs + 1.5 * dayMs;
  const count = Math.round(perDay * (0.5 + random()));
  for (let i = 0; i < count; i += 1) {
    const atMs = instantIn(startMs, random);
    const lateMs = random() < 0.1 ? random() * 10 * hourMs : 0;
    const shownAtMs = Math.min(settledMs, Math.floor(atMs + (1 + random()) * hourMs + lateMs));
    const activity = organization.code({ ...drawActivity(organization, atMs, random), atMs, shownAtMs });
    if (random() < 0.05) organization.code(takenBack(activity, Math.min(settledMs, shownAtMs + 2 * hourMs)));
  }
}

function drawActivity(cast: Cast, atMs: number, random: () => number): Omit<CodeActivity, 'atMs' | 'shownAtMs'> {
  const person = cast.users[Math.floor(random() ** 2 * cast.users.length)];
  const key = cast.keys[0];
  const byKey = random() < 0.2 || person === undefined;
  const subscribed = !byKey && random() < 0.3;
  const isRemote = random() < 0.2;
  return {
    actor: byKey ? { type: 'api_actor', apiKeyName: key === undefined ? '' : nameAt(key, atMs) } : { type: 'user_actor', email: person.email },
    customerType: subscribed ? 'subscription' : 'api',
    subscriptionType: subscribed ? 'team' : null,
    terminalType: byKey ? '' : isRemote ? 'unknown' : weighted(random, [['vscode', 0.5], ['iTerm.app', 0.3], ['tmux', 0.2]]),
    isRemote,
    sessions: 1 + Math.floor(random() * 4),
    linesAdded: heavyTailed(random, 40),
    linesRemoved: heavyTailed(random, 15),
    commits: Math.floor(random() * 3),
    pullRequests: Math.floor(random() * 1.5),
    tools: Object.fromEntries(
      codeTools.filter(() => random() < 0.6).map((tool) => [tool, { accepted: Math.floor(random() * 20), rejected: Math.floor(random() * 4) }]),
    ),
    models: models.filter(({ weight }) => random() < weight * 1.5).map(({ id }) => drawModelUse(id, random)),
  };
}

function drawModelUse(model: string, random: () => number): CodeModelUse {
  return {
    model,
    input: heavyTailed(random, 5_000),
    output: heavyTailed(random, 1_500),
    cacheRead: heavyTailed(random, 40_000),
    cacheCreation: heavyTailed(random, 2_000),
    // Hundredths of a cent: the API gives a JSON number.
    units: (BigInt(heavyTailed(random, 2_000)) * dollarUnits) / 10_000n,
  };
}

/** All of an activity again, negative. */
function takenBack(activity: CodeActivity, shownAtMs: number): CodeActivity {
  return {
    ...activity,
    shownAtMs,
    sessions: -activity.sessions,
    linesAdded: -activity.linesAdded,
    linesRemoved: -activity.linesRemoved,
    commits: -activity.commits,
    pullRequests: -activity.pullRequests,
    tools: Object.fromEntries(Object.entries(activity.tools).map(([tool, { accepted, rejected }]) => [tool, { accepted: -accepted, rejected: -rejected }])),
    models: activity.models.map(({ model, input, output, cacheRead, cacheCreation, units }) => ({
      model,
      input: -input,
      output: -output,
      cacheRead: -cacheRead,
      cacheCreation: -cacheCreation,
      units: -units,
    })),
  };
}
