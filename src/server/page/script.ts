/**
 * The page’s own script: takes each cycle’s body from the event stream, changes what has changed, so that focus and what
 * was opened stay, also where something comes before it (`data-key` tells what is the same), and keeps durations going.
 * When it has heard nothing for two minutes it no longer calls what is shown that of now. Without it the page is complete,
 * as of when it was loaded.
 */
export const script = `
'use strict';
const connection = document.querySelector('.connection');
const quietMs = 120000;
let aheadMs = 0, heardMs = Date.now(), source, again;

function show(state, text) {
  connection.hidden = false;
  connection.dataset.state = state;
  if (connection.textContent !== text) connection.textContent = text;
}

function isAlike(before, after) {
  return before.nodeType === after.nodeType && before.nodeName === after.nodeName && (before.dataset?.key === after.dataset?.key);
}

function change(before, after) {
  if (!isAlike(before, after)) return before.replaceWith(after);
  if (before.nodeType === Node.TEXT_NODE) {
    if (before.data !== after.data) before.data = after.data;
    return;
  }
  for (const { name } of [...before.attributes]) if (!after.hasAttribute(name) && name !== 'open') before.removeAttribute(name);
  for (const { name, value } of after.attributes) if (before.getAttribute(name) !== value) before.setAttribute(name, value);
  changeChildren(before, [...after.childNodes]);
}

function changeChildren(parent, fresh) {
  const wanted = new Set(fresh.map((node) => node.dataset?.key)), keyed = new Map();
  for (const node of [...parent.childNodes]) {
    const key = node.dataset?.key;
    if (key === undefined) continue;
    if (wanted.has(key)) keyed.set(key, node);
    else node.remove();
  }
  let at = parent.firstChild;
  for (const node of fresh) {
    const key = node.dataset?.key, known = key === undefined ? at : keyed.get(key);
    keyed.delete(key);
    if (!known || !isAlike(known, node)) {
      parent.insertBefore(node, at);
      continue;
    }
    // What is moved loses the focus: what stood before it and goes makes room instead.
    while (key !== undefined && at && at !== known && at.dataset?.key === undefined) at = removed(at);
    if (known === at) at = at.nextSibling;
    else parent.insertBefore(known, at);
    change(known, node);
  }
  while (at) at = removed(at);
}

function removed(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

function duration(seconds) {
  const s = Math.max(0, Math.floor(seconds)), m = Math.floor(s / 60), h = Math.floor(m / 60), d = Math.floor(h / 24);
  const two = (a, b) => a + (b.startsWith('0') ? '' : ' ' + b);
  return d > 0 ? two(d + 'd', h % 24 + 'h') : h > 0 ? two(h + 'h', m % 60 + 'm') : m > 0 ? m + 'm' : s + 's';
}

function clock(instant, now) {
  const shown = new Date(Math.round(instant / 60000) * 60000), away = Math.abs(shown - now), day = 86400000;
  const time = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }, date = { day: 'numeric', month: 'short' };
  const form = away < day ? time : away < 6 * day ? { weekday: 'short', ...time } : away < 300 * day ? date : { ...date, year: 'numeric' };
  return new Intl.DateTimeFormat('en-GB', form).format(shown).replace(',', '');
}

// What is replaced here the next body puts back.
function lose(status, headline) {
  const time = document.createElement('time');
  time.dateTime = status.dataset.now;
  time.dataset.time = 'clock';
  headline.className = 'headline unknown';
  headline.replaceChildren('Not connected: what is shown is of ', time, '.');
  status.dataset.lost = '';
  show('lost', 'not connected');
  // A connection of which nothing comes may stay for hours.
  listen();
}

function tick() {
  const now = Date.now() + aheadMs, status = document.getElementById('status'), headline = status.querySelector('.headline');
  if (Date.now() - heardMs > quietMs && !('lost' in status.dataset)) lose(status, headline);
  for (const element of document.querySelectorAll('[data-time]')) {
    const instant = Date.parse(element.dateTime), kind = element.dataset.time;
    const text = kind === 'until' ? duration((instant - now) / 1000) : kind === 'since' ? duration((now - instant) / 1000) : clock(instant, now);
    if (element.textContent !== text) element.textContent = text;
  }
  if ('lost' in status.dataset) document.title = headline.textContent.slice(0, -1);
}

function settle() {
  const { now, title } = document.getElementById('status').dataset;
  aheadMs = Date.parse(now) - Date.now();
  document.title = title;
  tick();
}

function listen() {
  clearTimeout(again);
  source?.close();
  source = new EventSource('events');
  source.addEventListener('open', () => show('live', 'live'));
  source.addEventListener('alive', () => heardMs = Date.now());
  source.addEventListener('status', ({ data }) => {
    const fresh = new DOMParser().parseFromString(data, 'text/html').getElementById('status');
    const status = document.getElementById('status');
    if (fresh.dataset.build !== status.dataset.build) return location.reload();
    change(status, fresh);
    heardMs = Date.now();
    settle();
    show('live', 'live');
  });
  source.addEventListener('error', () => {
    show('lost', 'not connected');
    if (source.readyState !== EventSource.CLOSED) return;
    again = setTimeout(listen, 10000);
  });
}

settle();
setInterval(tick, 1000);
listen();
`;
