import { createHash } from 'node:crypto';
import { version } from '../../version.ts';
import { type Html, Html as Made, html } from './html.ts';
import { script } from './script.ts';
import { style } from './style.ts';

/** A bar that is a third full. */
const icon =
  'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 16 16%22%3E%3Crect y=%225%22 width=%2216%22 height=%226%22 rx=%223%22 fill=%22%23888%22/%3E%3Crect y=%225%22 width=%2210%22 height=%226%22 rx=%223%22 fill=%22%233d9a84%22/%3E%3C/svg%3E';

/** Of what a page must be loaded anew for. */
export const build = sha256(`${version}${style}${script}`).slice(0, 12);

/** Only our own style and script, by their hashes; nothing from elsewhere, nothing framed, no form. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${sha256(style)}'`,
  `script-src 'sha256-${sha256(script)}'`,
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}

/** The whole page around its body. One file: it needs nothing else, and works where nothing else can be reached. */
export function statusDocument(body: Html): string {
  const page = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Claude usage</title>
<link rel="icon" href="${new Made(icon)}">
<style>${new Made(style)}</style>
</head>
<body>
<div class="frame">
<header class="site"><h1>claude-usage-metrics</h1><span class="connection" hidden></span></header>
<main>
${body}
</main>
<footer class="site foot"><span>version ${version} · <a href="healthz">health as JSON</a></span><noscript><span>Load the page again for newer numbers.</span></noscript></footer>
</div>
<script>${new Made(script)}</script>
</body>
</html>
`;
  return page.toString();
}
