/** What stands around a page for people who are reached. Of scripts, styles and pictures it takes what its policy names, and nobody frames it. */
import type { FastifyReply } from 'fastify';
import { escapeHtml } from '../../base/html.ts';

/** A page. `head` and `body` are HTML of our own, with all text in them escaped. */
type HtmlPage = {
  title: string;
  /** Directives of its content security policy, by name; nothing else is taken from anywhere. */
  policy: Readonly<Record<string, string>>;
  head: readonly string[];
  /** With its tags. */
  body: string;
};

const NOTHING = {
  'default-src': "'none'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
};

/** Sends it. Search engines leave it alone. */
export async function sendHtml(reply: FastifyReply, status: number, page: HtmlPage): Promise<FastifyReply> {
  const policy = Object.entries({ ...NOTHING, ...page.policy }).map(([name, value]) => `${name} ${value}`);
  return await reply
    .code(status)
    .type('text/html; charset=utf-8')
    .header('content-security-policy', policy.join('; '))
    .send(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(page.title)}</title>
${page.head.join('\n')}
</head>
${page.body}
</html>
`);
}
