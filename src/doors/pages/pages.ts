/** The page of the web chat, with its script and style. All text is escaped; no script is inline. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { escapeHtml } from '../../base/html.ts';
import { toHex24 } from '../../base/ids.ts';
import { sendHtml } from '../kit/html.ts';

/** Nothing but what comes from here; pictures of messages may be anywhere on the web. Framed by pages of ours only: the simulator. */
const CHAT_POLICY = {
  'script-src': "'self'",
  'style-src': "'self'",
  'connect-src': "'self'",
  'img-src': "'self' https:",
  'frame-ancestors': "'self'",
};

const ASSETS = [
  { name: 'page.js', file: 'page.client.js', type: 'text/javascript; charset=utf-8' },
  { name: 'page.css', file: 'page.css', type: 'text/css; charset=utf-8' },
  // Named in every page: a browser asks for /favicon.ico otherwise, and complains that there is none.
  { name: 'icon.svg', file: 'icon.svg', type: 'image/svg+xml' },
];

/** Serves the script and the style of the pages, below the chat's prefix. */
export function serveAssets(app: FastifyInstance): void {
  for (const { name, file, type } of ASSETS) {
    const body = readFileSync(path.join(import.meta.dirname, file));
    app.get(`/assets/${name}`, (_request, reply) =>
      reply.type(type).header('cache-control', 'public, max-age=300').send(body),
    );
  }
}

/** The page of a workspace's web chat. It knows nobody: the script brings the code that the address had. */
export async function sendChatPage(
  reply: FastifyReply,
  workspace: { id: number; name: string },
): Promise<FastifyReply> {
  const name = escapeHtml(workspace.name);
  return await sendHtml(reply.header('cross-origin-opener-policy', 'same-origin'), 200, {
    title: workspace.name,
    policy: CHAT_POLICY,
    head: [
      '<link rel="icon" href="assets/icon.svg">',
      '<link rel="stylesheet" href="assets/page.css">',
      '<script type="module" src="assets/page.js"></script>',
    ],
    body: `<body class="chat">
<header><h1>${name}</h1><p id="state" role="status"></p></header>
<main id="chat" data-workspace="${toHex24(workspace.id)}" tabindex="0">
<button id="earlier" type="button" hidden>Earlier messages</button>
<div role="log" aria-live="polite" aria-label="Messages"><ol id="messages"></ol></div>
</main>
<p id="typing" role="status" hidden>Typing …</p>
<div id="replies" role="region" aria-label="Answers to choose from" hidden></div>
<form id="reply" aria-label="Your answer" hidden>
<label for="text" class="unseen">Your message</label>
<textarea id="text" rows="2" maxlength="4096" placeholder="Your message" required></textarea>
<button type="submit">Send</button>
</form>
<noscript><p class="note">This page needs JavaScript. You can also answer where the message reached you.</p></noscript>
</body>`,
  });
}
