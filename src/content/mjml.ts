/**
 * MJML, turned into HTML when content is taken in: once per broadcast or template, never per recipient. Liquid in it stays as it
 * is and is rendered with the HTML. Files are never included: what a caller sends must not read ours.
 */
import { fault, isFault, type Fault } from '../base/fault.ts';
import { LIMITS } from '../../contract/content.ts';

type Mjml = (
  source: string,
  options: { validationLevel: 'soft'; ignoreIncludes: boolean },
) => Promise<{ html: string; errors: { line: number; message: string }[] }>;

/** HTML of MJML, or the first thing that is wrong with it, by line. */
export async function mjmlToHtml(source: string, path: string): Promise<string | Fault> {
  // Loaded when first needed: it is a large library, and most installs send without it.
  // oxlint-disable-next-line typescript/no-unnecessary-type-assertion -- the library declares no types
  const { default: mjml } = (await import('mjml' as string)) as { default: Mjml };
  try {
    const { html, errors } = await mjml(source, { validationLevel: 'soft', ignoreIncludes: true });
    const [first] = errors;
    if (first) return bad(path, `line ${first.line}: ${first.message}`);
    return html.length > LIMITS.html ? bad(path, `makes more than ${LIMITS.html} characters of HTML`) : html;
  } catch (error) {
    return bad(path, `is not MJML: ${(error as Error).message}`);
  }
}

/** Content as a caller wrote it, with `mjml` replaced by the `html` it makes. */
export async function withHtml(content: unknown, path: string): Promise<unknown> {
  if (typeof content !== 'object' || content === null || !('mjml' in content)) return content;
  const { mjml, ...rest } = content as { mjml: unknown; html?: unknown };
  if (typeof mjml !== 'string' || !mjml.trim()) return bad(`${path}.mjml`, 'must be a text');
  if (mjml.length > LIMITS.html) return bad(`${path}.mjml`, `may have ${LIMITS.html} characters`);
  if (rest.html !== undefined) return bad(`${path}.mjml`, 'and html cannot both be given');
  const html = await mjmlToHtml(mjml, `${path}.mjml`);
  return isFault(html) ? html : { ...rest, html };
}

function bad(path: string, rule: string): Fault {
  return fault('bad_request', `${path}: ${rule}`, { field: path });
}
