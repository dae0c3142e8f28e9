/** The link by which one leaves, below a mail that can be left: for people whose mail program shows no button for the header. */

/** The address in a List-Unsubscribe header, unless the mail has it already. */
export function linkIn(listUnsubscribe: string | undefined, content: string): string | undefined {
  const link = /<(https?:\/\/[^<>\s]+)>/i.exec(listUnsubscribe ?? '')?.[1];
  if (link === undefined || content.includes(link) || content.includes(inHtml(link))) return undefined;
  return link;
}

/** The text with the link below. */
export function withTextLink(text: string, link: string): string {
  return `${text}\n\n--\nUnsubscribe: ${link}\n`;
}

/** The HTML with the link at the end of what is seen. */
export function withHtmlLink(html: string, link: string): string {
  const line = `<p style="font-size:12px"><a href="${inHtml(link)}">Unsubscribe</a></p>`;
  const end = html.toLowerCase().lastIndexOf('</body>');
  return end === -1 ? `${html}\n${line}` : `${html.slice(0, end)}${line}\n${html.slice(end)}`;
}

/** The setting of both mail providers that leaves the link out. */
export const HIDE_LINK = {
  required: false,
  secret: false,
  means: 'True to leave out the link below mails that can be unsubscribed from. The header stays.',
  schema: { type: 'boolean' },
} as const;

function inHtml(link: string): string {
  return link.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
}
