/** Pages that say one thing, for people who followed a link. All text is escaped; no script. */
import type { FastifyReply } from 'fastify';
import { escapeHtml } from '../../base/html.ts';
import { sendHtml } from './html.ts';

/** What a page says. */
type Note = {
  title: string;
  /** A paragraph each. */
  text: string | readonly string[];
  /** A form, as HTML of our own; it posts to where the page is. */
  form?: string;
  /** Where the form's answer redirects to: browsers hold redirects to the policy of the page, too. */
  leadsTo?: string;
};

/** Sends the page, to an address one level below the root. */
export async function sendNote(reply: FastifyReply, status: number, note: Note): Promise<FastifyReply> {
  const text = [note.text].flat().map((paragraph) => `<p>${escapeHtml(paragraph)}</p>`);
  const leadsTo = note.leadsTo === undefined ? '' : ` ${new URL(note.leadsTo).protocol}`;
  return await sendHtml(reply, status, {
    title: note.title,
    policy: {
      'style-src': "'self'",
      'img-src': "'self'",
      ...(note.form === undefined ? {} : { 'form-action': `'self'${leadsTo}` }),
    },
    head: [
      `<meta property="og:title" content="${escapeHtml(note.title)}">`,
      '<link rel="icon" href="../chat/assets/icon.svg">',
      '<link rel="stylesheet" href="../chat/assets/page.css">',
    ],
    body: `<body><main class="note"><h1>${escapeHtml(note.title)}</h1>${text.join('')}${note.form ?? ''}</main></body>`,
  });
}
