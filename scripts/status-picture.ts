import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { crc32, deflateSync, inflateSync } from 'node:zlib';
import { contextOf, screens, startBrowser } from '../test/support/browser.ts';
import { startSimulatedDay } from '../test/support/simulated-day.ts';

/**
 * Takes the picture of the status page that the README has, of a simulated account: `npm run picture`. Given
 * a folder, it writes whole pages in both themes on all screens there instead.
 */
const folder = process.argv[2];
const day = await startSimulatedDay(new Date('2026-11-19T15:42:00Z'), 55);
const browser = await startBrowser(process.env['CHROMIUM'] ?? execFileSync('.ci/chromium', { encoding: 'utf8' }).trim());
/** Below what is shown; less than what lies between two panels. */
const margin = 14;
const themes = ['light', 'dark'] as const;
const pictures =
  folder === undefined
    ? [{ file: 'docs/status-page.png', viewport: { width: 1100, height: 800 }, colorScheme: themes[0], upTo: 'section' }]
    : Object.entries(screens).flatMap(([screen, viewport]) =>
        themes.map((colorScheme) => ({ file: `${folder}/${screen}-${colorScheme}.png`, viewport, colorScheme, upTo: 'html' })),
      );
for (const { file, upTo, ...options } of pictures) {
  const context = await contextOf(browser, options);
  const page = await context.newPage();
  await page.goto(day.url);
  await page.locator('[data-state="live"]').waitFor();
  const { y, height } = (await page.locator(upTo).first().boundingBox()) ?? { y: 0, height: options.viewport.height };
  const clip = { x: 0, y: 0, width: options.viewport.width, height: y + height + (upTo === 'html' ? 0 : margin) };
  writeFileSync(file, compressed(await page.screenshot({ fullPage: true, clip })));
  await context.close();
}
await browser.close();
await day.stop();

/** The same PNG, its pixels packed as tightly as zlib can; Chromium packs them fast (https://www.w3.org/TR/png-3/). */
function compressed(png: Buffer): Buffer {
  const before: Buffer[] = [png.subarray(0, 8)];
  const pixels: Buffer[] = [];
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const type = png.toString('latin1', at + 4, at + 8);
    if (type === 'IHDR') before.push(png.subarray(at, at + 12 + length));
    if (type === 'IDAT') pixels.push(png.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  const packed = deflateSync(inflateSync(Buffer.concat(pixels)), { level: 9, memLevel: 9 });
  return Buffer.concat([...before, chunk('IDAT', packed), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(type: string, content: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  check.writeUInt32BE(crc32(typed));
  return Buffer.concat([length, typed, check]);
}
