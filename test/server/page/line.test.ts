import { expect, test } from 'vitest';
import { slots } from '../../../src/server/page/history.ts';
import { drawLine, isWorthALook, shareLine } from '../../../src/server/page/line.ts';

type Values = readonly (number | undefined)[];

/** A line whose last slots are these. */
function line(...last: Values): Values {
  return [...Array.from({ length: slots - last.length }, () => undefined), ...last];
}

function pathOf(values: Values): string {
  return /class="stroke" d="([^"]*)"/.exec(drawLine(values, shareLine).toString())?.[1] ?? '';
}

function wordsOf(values: Values): string {
  return /aria-label="([^"]*)"/.exec(drawLine(values, shareLine).toString())?.[1] ?? '';
}

const gap = (count: number): undefined[] => Array.from({ length: count }, () => undefined);

test('a line goes from nothing at the bottom to all at the top, and now is at the right', () => {
  expect(pathOf(line(0, 1))).toBe('M286 38L287 38L288 2');
});

test('a level stretch is one piece, however long', () => {
  expect(pathOf(line(0, 0, 0, 0, 0, 0))).toBe('M282 38L288 38');
});

test('a gap of a quarter of an hour is bridged, as cycles may be that long; a longer one is none of the line', () => {
  expect(pathOf(line(0, ...gap(3), 1)).match(/M/g)).toHaveLength(1);
  expect(pathOf(line(0, ...gap(4), 1)).match(/M/g)).toHaveLength(2);
});

test('what is above the scale, and below nothing, makes room for itself', () => {
  expect(pathOf(line(0, 2))).toBe('M286 38L287 38L288 2');
  expect(pathOf(line(-1, 1))).toBe('M286 38L287 38L288 2');
});

test('the words say where it came from, where it is, and how far it went', () => {
  expect(wordsOf(line(0.5, 0.9, 0.1, 0.3))).toBe('Last 24 hours: from 50 % to 30 %, lowest 10 %, highest 90 %');
  expect(wordsOf(line(0.5, 0.5))).toBe('Last 24 hours: 50 % throughout');
});

test('a line of a few minutes is not worth a look', () => {
  expect(isWorthALook(line(0.1, 0.2))).toBe(false);
  expect(isWorthALook(line(0.1, ...gap(9), 0.2, 0.3))).toBe(true);
});
