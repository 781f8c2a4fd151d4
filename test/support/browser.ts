import { type Browser, type BrowserContext, type BrowserContextOptions, chromium } from 'playwright-core';

/** Starts a Chromium without a window; `.ci/chromium` prints the path of one. */
export function startBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    // Where everything runs as root, Chromium has no sandbox; it looks at nothing but loopback here.
    chromiumSandbox: false,
    args: ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

/** Screens that a page must be good on. */
export const screens = {
  phone: { width: 390, height: 844 },
  desk: { width: 1280, height: 900 },
} as const;

/** A profile of its own, in a time zone that is not UTC, without motion. */
export function contextOf(browser: Browser, options: BrowserContextOptions): Promise<BrowserContext> {
  return browser.newContext({ timezoneId: 'Europe/Berlin', reducedMotion: 'reduce', ...options });
}
