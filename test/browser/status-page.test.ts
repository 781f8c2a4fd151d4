import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test, vi } from 'vitest';
import { startReceiver } from '../../src/demo/receiver.ts';
import { systemClock } from '../../src/model/clock.ts';
import { contextOf, screens, startBrowser } from '../support/browser.ts';
import { type RunningCli, startCli } from '../support/cli.ts';
import { type OrganizationWorld, startOrganization } from '../support/organization.ts';
import { type Account, instantsFrom, startAccount, usageBody } from '../e2e/support/account.ts';

const intervalMs = 500;

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser(inject('chromium'));
});
afterAll(() => browser.close());

interface World {
  readonly account: Account;
  readonly organization: OrganizationWorld;
  readonly start: (settings?: Readonly<Record<string, string>>) => RunningCli;
}

/** A simulated account and organization, and the built agent for them. */
async function startWorld(): Promise<World> {
  const account = await startAccount();
  const organization = await startOrganization(systemClock);
  const receiver = await startReceiver();
  onTestFinished(async () => {
    receiver.stop();
    await organization.stop();
  });
  return {
    account,
    organization,
    start(settings = {}) {
      const running = startCli(['run'], {
        ...account.environment,
        ...organization.settings,
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.port}`,
        OTEL_METRIC_EXPORT_INTERVAL: String(intervalMs),
        CLAUDE_POLL_INTERVAL: `${intervalMs}ms`,
        OPENROUTER_POLL_INTERVAL: `${intervalMs}ms`,
        HTTP_ADDRESS: '127.0.0.1:0',
        ...settings,
      });
      onTestFinished(async () => {
        running.child.kill('SIGKILL');
        await running.ended;
      });
      return running;
    },
  };
}

async function urlOf(running: RunningCli): Promise<string> {
  const listening = (): string | undefined => /"http":"([^"]+)"/.exec(running.stderr)?.[1];
  await vi.waitUntil(() => listening() !== undefined, { timeout: 20_000 });
  return `${listening() ?? ''}/`;
}

/**
 * The page, and whatever it complains of: a policy that refuses, a script that fails, a request that goes elsewhere.
 * @param ownClock whether its clock can be put forward.
 */
async function open(url: string, options: BrowserContextOptions = {}, ownClock = false): Promise<{ readonly page: Page; readonly complaints: string[] }> {
  const context = await contextOf(browser, options);
  onTestFinished(() => context.close());
  const page = await context.newPage();
  if (ownClock) await page.clock.install();
  const complaints: string[] = [];
  page.on('console', (message) => void complaints.push(message.text()));
  page.on('pageerror', (error) => void complaints.push(error.message));
  page.on('dialog', (dialog) => void complaints.push(`dialog: ${dialog.message()}`));
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:')) complaints.push(`asks ${request.url()}`);
  });
  await page.goto(url);
  return { page, complaints };
}

/** Waits until the page, as it is live, says so. */
async function says(page: Page, ...texts: readonly string[]): Promise<void> {
  for (const text of texts) await page.getByText(text, { exact: false }).first().waitFor({ timeout: 15_000 });
}

async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(async () => (globalThis as unknown as { axe: typeof axe }).axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary ?? ''}`).join('; ')}`);
}

/** How many pixels the page is wider than its window. */
function overflow(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}

/** Words of what is chosen that stand on more than one line. */
function brokenWords(page: Page, selector: string): Promise<string[]> {
  return page.evaluate<string[]>(`[...document.querySelectorAll(${JSON.stringify(selector)})].flatMap((element) => [...element.childNodes]).filter((node) => node.nodeType === Node.TEXT_NODE).flatMap((node) =>
    [...node.data.matchAll(/\\S+/g)].filter(({ 0: word, index }) => {
      const range = document.createRange();
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      return range.getClientRects().length > 1;
    }).map(({ 0: word }) => word))`);
}

const pipeline = { apiKeyId: 'apikey_1', workspaceId: 'wrkspc_1' };

function use(organization: OrganizationWorld, model: string, dollars: number, of: { readonly apiKeyId: string; readonly workspaceId: string | null } = pipeline): void {
  const sixHoursMs = 6 * 3_600_000;
  // In today, and early enough to be shown.
  const atMs = Math.max(Date.now() - sixHoursMs, new Date().setUTCHours(0, 0, 0, 0));
  organization.organization.use({ atMs, ...of, model, uncachedInput: 1_000, cacheRead: 3_000, microCents: BigInt(dollars) * 100_000_000n });
}

test('the page of a running agent shows its numbers, and each cycle’s without being loaded again', async () => {
  const { account, organization, start } = await startWorld();
  use(organization, 'claude-opus-5', 3);
  const { page, complaints } = await open(await urlOf(start()));
  await says(page, '42 %', '107 %', '0 %', '€7.63 of €20.00', '$187.50 left of $250.00', '$74.75', 'left of $100.50', 'the cookie expires in 19d');
  await says(page, 'claude-opus-5', '$3.00', '4.00 k', '75 %');
  expect(await page.getByRole('meter', { name: 'Five hours' }).getAttribute('aria-valuetext')).toMatch(/^42 % used, 7\d(\.\d)? % of its time gone$/);
  expect(await page.getByRole('status').textContent()).toMatch(/^The seven-day window is used up; it resets in 1d 1[78]h/);
  expect(await page.title()).toBe('Seven days used up');
  // What the agent reads with is nobody's to see here.
  expect(await page.content()).not.toMatch(/@example|sk-ant|sk-or/);

  await page.getByRole('link', { name: 'health as JSON' }).focus();
  await page.evaluate('window.kept = true');
  const limits = [{ kind: 'session', percent: 43, resets_at: instantsFrom(Date.now()).sessionReset.toISOString() }];
  account.usage = { status: 200, body: { limits } };
  await says(page, '43 %');
  await page.getByText('107 %').waitFor({ state: 'detached' });
  expect(await page.evaluate('window.kept')).toBe(true);
  expect(await page.evaluate('document.activeElement.textContent')).toBe('health as JSON');
  expect(complaints).toEqual([]);
});

describe('who used it', () => {
  test.each([
    ['with their owners', {}, true],
    ['without anybody’s name where that is switched off', { ANTHROPIC_OWNER_ATTRIBUTES: 'false' }, false],
  ])('is in lists that open, %s, and never by e-mail', async (_, settings, owners) => {
    const { organization, start } = await startWorld();
    use(organization, 'claude-opus-5', 3);
    use(organization, 'claude-opus-5', 1, { apiKeyId: 'apikey_2', workspaceId: null });
    const { page } = await open(await urlOf(start(settings)));
    await says(page, 'Research 75 % of today’s cost');
    await page.getByText('By workspace').click();
    await page.getByText('By key').click();
    expect(await page.locator('details table').allInnerTexts()).toEqual([
      expect.stringMatching(/^Workspace\s+Cost today\s+Cost in \w+\s+Research\s+\$3\.00\s+\$3\.00\s+[Dd]efault\s+\$1\.00\s+\$1\.00$/),
      expect.stringMatching(new RegExp(`^Key\\s+Tokens today\\s+\\w+ in \\w+\\s+bot\\s.*pipeline${owners ? ' Ada' : '\\s'}`, 's')),
    ]);
    expect(await page.evaluate<number>(`(() => {
      const legend = document.querySelector('details ~ .legend');
      return legend.getBoundingClientRect().top - legend.previousElementSibling.getBoundingClientRect().bottom;
    })()`)).toBeGreaterThanOrEqual(12);
    await page.setViewportSize({ width: 320, height: 700 });
    expect(await brokenWords(page, 'th')).toEqual([]);
    expect(await overflow(page)).toBe(0);
    const text = await page.content();
    expect(text).not.toContain('@example');
    expect(text.includes('Ada')).toBe(owners);
    expect(await findings(page)).toEqual([]);
  });
});

test('a source that fails says why and what to do, and its numbers go when their time is over', async () => {
  const { account, start } = await startWorld();
  const { page } = await open(await urlOf(start()));
  await says(page, '42 %');
  account.usage = { status: 403, headers: { 'content-type': 'text/html', 'cf-mitigated': 'challenge' }, body: '<!DOCTYPE html><title>Just a moment...</title>' };
  await says(page, 'challenged', 'Logging in again does not help', 'Nothing is known now.');
  await page.getByRole('link', { name: /^1 of \d sources fails$/ }).click();
  expect(new URL(page.url()).hash).toBe('#sources');
  await page.getByText('42 %').waitFor({ state: 'detached' });
  expect(await page.getByRole('status').textContent()).toBe('Nothing is known of claude.ai now.');
  expect(await findings(page)).toEqual([]);
});

describe('with a hundred windows and models whose names are markup', () => {
  const hostile = '<img src=x onerror=alert(1)> "quoted" \'\u202E🦊 a-name-without-a-space-that-is-longer-than-any-phone-is-wide';

  test.each(
    Object.entries(screens).flatMap(([screen, viewport]) => (['light', 'dark'] as const).map((colorScheme) => ({ screen, viewport, colorScheme }))),
  )('on a $screen in $colorScheme it is whole, readable and without a finding', async ({ viewport, colorScheme }) => {
    const { account, organization, start } = await startWorld();
    use(organization, hostile, 2);
    const scoped = Array.from({ length: 100 }, (_, index) => ({
      kind: 'weekly_scoped',
      percent: index,
      resets_at: new Date(Date.now() + 7_200_000 * (index + 1)).toISOString(),
      scope: { model: { id: null, display_name: `${hostile} ${index}` }, surface: null },
    }));
    const body = usageBody(instantsFrom(Date.now())) as { limits: object[] };
    account.usage = { status: 200, body: { ...body, limits: [...body.limits, ...scoped] } };
    const { page, complaints } = await open(await urlOf(start()), { viewport, colorScheme });
    await says(page, 'live', '<img src=x onerror=alert(1)> "quoted"');
    const list = page.locator('details', { has: page.getByText(/^\d+ more$/) }).first();
    await list.locator('summary').click();
    expect(await page.locator('.more li').count()).toBeGreaterThan(50);
    expect(await overflow(page)).toBe(0);
    expect(await findings(page)).toEqual([]);
    const background = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const brightness = /\d+/.exec(background)?.[0];
    expect(Number(brightness) > 128).toBe(colorScheme === 'light');
    // It stays open over the next cycle.
    const shownAt = await page.locator('#status').getAttribute('data-now');
    await vi.waitUntil(async () => (await page.locator('#status').getAttribute('data-now')) !== shownAt, { timeout: 10_000, interval: 50 });
    expect(await list.getAttribute('open')).not.toBeNull();
    expect(complaints).toEqual([]);
  });
});

test('what was opened stays open, and has the focus, when something comes before it and when that goes', async () => {
  const { organization, start } = await startWorld();
  use(organization, 'claude-opus-5', 2);
  use(organization, 'claude-opus-5', 1, { apiKeyId: 'apikey_2', workspaceId: null });
  const { page, complaints } = await open(await urlOf(start()));
  await says(page, '42 %', 'By workspace');
  await page.getByText(/^By workspace/).click();
  expect(await page.evaluate<readonly unknown[]>(`(() => {
    const status = document.getElementById('status');
    const opened = document.querySelector('details[open]');
    const before = status.innerHTML;
    const without = status.cloneNode(true);
    const withMore = status.cloneNode(true);
    for (const part of withMore.querySelectorAll('[data-key="left"], section, ul')) part.insertAdjacentHTML('afterbegin', '<p data-key="new">new</p><p>plain</p>');
    const seen = () => [document.querySelector('details[open]') === opened, document.activeElement.parentElement === opened, document.querySelectorAll('[data-key="new"]').length > 3];
    change(status, withMore);
    const during = seen();
    change(status, without);
    return [...during, ...seen(), status.innerHTML === before];
  })()`)).toEqual([true, true, true, true, true, false, true]);
  expect(complaints).toEqual([]);
});

test('by keyboard everything that opens or leads on is reached, and shows that it is', async () => {
  const { start } = await startWorld();
  const { page } = await open(await urlOf(start()));
  await says(page, '42 %');
  const reached: string[] = [];
  const expected = await page.locator('a, summary').count();
  for (let tab = 0; tab < expected; tab++) {
    await page.keyboard.press('Tab');
    const [name = '', outline = ''] = await page.evaluate<string[]>('[document.activeElement.textContent, getComputedStyle(document.activeElement).outlineStyle]');
    reached.push(name);
    expect(outline, name).toBe('solid');
  }
  expect(new Set(reached).size).toBe(expected);
  expect(reached).toContain('health as JSON');
});

test('without a script the page is complete, as of when it was loaded', async () => {
  const { start } = await startWorld();
  const url = await urlOf(start());
  await vi.waitUntil(async () => (await (await fetch(url)).text()).includes('42 %'), { timeout: 20_000, interval: 100 });
  const { page, complaints } = await open(url, { javaScriptEnabled: false });
  const text = await page.locator('body').innerText();
  for (const part of ['42 %', '107 %', 'UTC', '$74.75', 'Load the page again for newer numbers.']) expect(text).toContain(part);
  expect(complaints).toEqual([]);
});

test('when the agent goes the page says so, and goes on with the next one', async () => {
  const { account, start } = await startWorld();
  const first = start();
  const url = await urlOf(first);
  const { page } = await open(url, {}, true);
  await says(page, 'live', '42 %');
  const headline = page.getByRole('status');
  const [before, title] = [await headline.getAttribute('class'), await page.title()];
  first.child.kill('SIGKILL');
  await says(page, 'not connected');
  await page.clock.fastForward('01:00');
  expect([await headline.getAttribute('class'), await page.title()]).toEqual([before, title]);
  await page.clock.fastForward('02:00');
  await vi.waitUntil(async () => (await page.title()).startsWith('Not connected: what is shown is of '), { timeout: 5_000 });
  expect(await headline.textContent()).toMatch(/^Not connected: what is shown is of \d\d:\d\d\.$/);
  expect(await page.evaluate("getComputedStyle(document.querySelector('.columns')).filter")).toBe('grayscale(1)');
  expect(await findings(page)).toEqual([]);
  account.usage = { status: 200, body: { limits: [{ kind: 'session', percent: 44, resets_at: instantsFrom(Date.now()).sessionReset.toISOString() }] } };
  start({ HTTP_ADDRESS: new URL(url).host });
  await says(page, '44 %', 'live');
  expect(await headline.textContent()).toBe('Nothing is near its limit.');
  expect(await page.title()).toBe('Claude usage');
  expect(await page.evaluate("getComputedStyle(document.querySelector('.columns')).filter")).toBe('none');
});

test.each([
  ['on loopback', {}, 200],
  ['not where it is switched off', { STATUS_PAGE: 'false' }, 404],
  ['not beyond loopback', { HTTP_ADDRESS: '0.0.0.0:0' }, 404],
  ['beyond loopback where it is asked for', { HTTP_ADDRESS: '0.0.0.0:0', STATUS_PAGE: 'true' }, 200],
])('the page is there %s', async (_, settings, status) => {
  const { start } = await startWorld();
  const running = start(settings);
  const url = (await urlOf(running)).replace('0.0.0.0', '127.0.0.1');
  expect((await fetch(url)).status).toBe(status);
  expect((await fetch(`${url}events`, { method: 'HEAD' })).status).toBe(status);
  expect(running.stderr.includes('statusPage')).toBe(status === 200);
});
