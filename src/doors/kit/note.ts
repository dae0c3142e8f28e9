/** Pages that say one thing, for people who followed a link. All text is escaped; no script. */
import type { FastifyReply } from 'fastify';
import { escapeHtml } from '../../base/html.ts';

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
  const title = escapeHtml(note.title);
  const text = [note.text].flat().map((paragraph) => `<p>${escapeHtml(paragraph)}</p>`);
  const leadsTo = note.leadsTo === undefined ? '' : ` ${new URL(note.leadsTo).protocol}`;
  const mayPost = note.form === undefined ? "'none'" : `'self'${leadsTo}`;
  return await reply
    .code(status)
    .type('text/html; charset=utf-8')
    .header(
      'content-security-policy',
      `default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action ${mayPost}; frame-ancestors 'none'`,
    )
    .send(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<meta property="og:title" content="${title}">
<link rel="icon" href="../chat/assets/icon.svg">
<link rel="stylesheet" href="../chat/assets/page.css">
</head>
<body><main class="note"><h1>${title}</h1>${text.join('')}${note.form ?? ''}</main></body>
</html>
`);
}
