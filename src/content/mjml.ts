/**
 * MJML, turned into HTML when content is taken in: once per broadcast or template, never per recipient. Liquid in it stays as it
 * is and is rendered with the HTML. Done in a thread of its own, with a deadline and in turns of workspaces: what one of them writes
 * costs that one, and the library (60 MB) is loaded for those who use it only.
 */
import { createApart, type Apart } from '../base/apart.ts';
import { fault, isFault, type Fault } from '../base/fault.ts';
import { LIMITS } from '../../contract/limits.ts';

/** What the library makes of MJML (`mjmlThread.ts`): HTML, and what is wrong, by line; or why it is none. */
export type MadeOfMjml =
  | { html: string; errors: readonly { line: number; message: string }[] }
  | { unreadable: string };

/** A newsletter takes 0.1 s. */
const DEADLINE_MS = 10_000;
const HEAP_MB = 256;

let thread: Apart<string, MadeOfMjml> | undefined;

/** HTML of MJML, or the first thing that is wrong with it, by line. `whose` is the workspace, each of which has its turns. */
async function mjmlToHtml(source: string, path: string, whose: number): Promise<string | Fault> {
  thread ??= createApart(new URL('mjmlThread.ts', import.meta.url), {
    deadlineMs: DEADLINE_MS,
    heapMb: HEAP_MB,
  });
  const result = await thread.run(source, whose);
  if (result.kind === 'late') return bad(path, `takes more than ${DEADLINE_MS / 1000} s to turn into HTML`);
  if (result.kind === 'broke') return bad(path, 'takes too much memory to turn into HTML');
  const made = result.value;
  if ('unreadable' in made) return bad(path, `is not MJML: ${made.unreadable}`);
  const [first] = made.errors;
  if (first) return bad(path, `line ${first.line}: ${first.message}`);
  return made.html.length > LIMITS.html
    ? bad(path, `makes more than ${LIMITS.html} characters of HTML`)
    : made.html;
}

/** Content as a caller wrote it, with `mjml` replaced by the `html` it makes. */
export async function withHtml(content: unknown, path: string, whose: number): Promise<unknown> {
  if (typeof content !== 'object' || content === null || !('mjml' in content)) return content;
  const { mjml, ...rest } = content as { mjml: unknown; html?: unknown };
  if (typeof mjml !== 'string' || !mjml.trim()) return bad(`${path}.mjml`, 'must be a text');
  if (mjml.length > LIMITS.html) return bad(`${path}.mjml`, `may have ${LIMITS.html} characters`);
  if (rest.html !== undefined) return bad(`${path}.mjml`, 'and html cannot both be given');
  const html = await mjmlToHtml(mjml, `${path}.mjml`, whose);
  return isFault(html) ? html : { ...rest, html };
}

function bad(path: string, rule: string): Fault {
  return fault('bad_request', `${path}: ${rule}`, { field: path });
}
