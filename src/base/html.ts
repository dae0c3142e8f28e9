/** HTML texts: what is safe within them, and the addresses that their links lead to. No parser: what it does not recognise it leaves as it is. */

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A text as it may stand in HTML, between tags or in quotes. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character]!);
}

/** An opening tag of a link up to its address, which is given in quotes. */
const LINK = /(<a\s(?:[^<>]*?\s)?href\s*=\s*)(?:"([^"<>]*)"|'([^'<>]*)')/gi;
/** An entity other than the one that addresses have. */
const OTHER_ENTITY = /&(?!amp;)(?:[a-z][a-z0-9]*|#\d+|#x[0-9a-f]+);/i;

/** The text with the addresses of its links replaced; undefined leaves one as it is. */
export function withHrefs(html: string, replace: (href: string) => string | undefined): string {
  return html.replaceAll(LINK, (whole, before: string, double?: string, single?: string) => {
    const written = double ?? single ?? '';
    if (OTHER_ENTITY.test(written)) return whole;
    const href = written.replaceAll('&amp;', '&').trim();
    const other = replace(href);
    return other === undefined || other === href ? whole : `${before}"${escapeHtml(other)}"`;
  });
}

/** The addresses that its links lead to, as often as they are there. */
export function hrefsOf(html: string): string[] {
  const found: string[] = [];
  withHrefs(html, (href) => {
    found.push(href);
    return undefined;
  });
  return found;
}
