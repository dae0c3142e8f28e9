/** What a company says, read field by field: its text, what goes with it, when, and the lists of ids in all the forms they come in. */
import { checkText } from '../../accounts/checks.ts';
import { parseIsoTime } from '../../base/clock.ts';
import { beginningOf } from '../../base/text.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import type { Content } from '../../../contract/content.ts';
import { checkContent } from '../../content/check.ts';

const MOST_TEXT = 4096;
const MOST_FILES = 10;
/** Ids that a list may name. */
const MOST_IDS = 100_000;

/** Something to be said, and when, by the company's clock; now where it does not say. */
type Said = { body: string; content: Content; atMs?: number };

/** Reads what is said; `path` is what it stands in (`message`). Names that are not known are refused. */
export function readSaid(
  given: Record<string, unknown>,
  path: string,
  known: readonly string[],
  nowMs: number,
): Said | Fault {
  const odd = Object.keys(given).find((name) => ![...SAID, ...known].includes(name));
  if (odd !== undefined) return breaks(`${path}.${beginningOf(odd, 64)}`, 'is not known here');
  const { body, send_at: sendAt } = given;
  const broken = checkText(body, `${path}.body`, 1, MOST_TEXT);
  if (broken) return broken;
  const urls = given['attachment_urls'] ?? [];
  if (!Array.isArray(urls) || urls.length > MOST_FILES || !urls.every(isUrl))
    return breaks(
      `${path}.attachment_urls`,
      `must be a list of at most ${MOST_FILES} http or https addresses`,
    );
  const text = body as string;
  const attachments = urls.map((url) => ({ url }));
  const content = checkContent(
    {
      type: 'text',
      text,
      ...(attachments.length ? { attachments, push: { imageUrl: attachments[0]!.url } } : {}),
    },
    path,
  );
  if (isFault(content)) return content;
  if (sendAt === undefined || sendAt === null) return { body: text, content };
  const atMs = typeof sendAt === 'string' ? parseIsoTime(sendAt) : undefined;
  if (atMs === undefined || atMs < nowMs - 60_000 || atMs > nowMs + 366 * 86_400_000)
    return breaks(
      `${path}.send_at`,
      'must be a time to come within a year, such as 2026-11-20T08:00:00-07:00',
    );
  return { body: text, content, atMs };
}

const SAID = ['body', 'attachment_urls', 'send_at'];

function isUrl(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 2048 && /^https?:\/\/[^\s]+$/.test(value);
}

/** The texts of a list of ids: an integer, a list, or a text with commas, spaces or both between them (api/shout.md §C.5). */
export function readTexts(value: unknown, field: string): string[] | Fault {
  if (value === undefined || value === null) return [];
  const list: unknown[] = Array.isArray(value) ? value : [value];
  const texts: string[] = [];
  for (const one of list) {
    if (typeof one === 'string') texts.push(...one.split(/[\s,]+/).filter((part) => part !== ''));
    else if (Number.isSafeInteger(one)) texts.push(String(one));
    else
      return breaks(
        field,
        'must be an id, a list of ids, or a text of ids with commas or spaces between them',
      );
  }
  return texts.length > MOST_IDS ? breaks(field, `names more than ${MOST_IDS} ids`) : [...new Set(texts)];
}

/** A list of ids of ours. */
export function readIds(value: unknown, field: string): number[] | Fault {
  const texts = readTexts(value, field);
  if (isFault(texts)) return texts;
  const ids = texts.map((text) => (/^\d{1,16}$/.test(text) ? Number(text) : 0));
  return ids.every((id) => id > 0 && Number.isSafeInteger(id))
    ? ids
    : breaks(field, 'must hold ids only: whole numbers above 0');
}
