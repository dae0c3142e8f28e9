/**
 * Mails that differ by a name or a link, as one text with placeholders and what stands in them for each person: so they go to
 * Mailgun in one call. Exact: filling the placeholders in gives each text back, letter by letter.
 */

/** One text for all, and by placeholder what each has there, in the order of the texts. */
type Skeleton = { template: string; values: Record<string, string[]> };

/** Where Mailgun puts a person's value in. */
export function placeholder(name: string): string {
  return `%recipient.${name}%`;
}

/** With more than this the names of the placeholders outweigh what is shared. */
const MOST_PLACEHOLDERS = 40;

/** The skeleton of texts of one template; `prefix` begins the names of its placeholders. */
export function skeletonOf(texts: readonly string[], prefix: string): Skeleton {
  const found = byPiece(texts, prefix);
  const count = Object.keys(found.values).length;
  // A percent sign beside a placeholder would be taken for a part of it.
  if (count <= MOST_PLACEHOLDERS && !/%%recipient\.|%recipient\.\w+%%/.test(found.template)) return found;
  const name = `${prefix}0`;
  return { template: placeholder(name), values: { [name]: [...texts] } };
}

/** Lines and tags stand at the same places in texts of one template, unless a value brings its own. */
function byPiece(texts: readonly string[], prefix: string): Skeleton {
  const pieces = texts.map((text) => text.match(/[^\n>]*(?:[\n>]|$)/g) ?? []);
  const length = pieces[0]!.length;
  const rows = pieces.every((own) => own.length === length)
    ? Array.from({ length }, (_, at) => pieces.map((own) => own[at]!))
    : [texts];
  const values: Record<string, string[]> = {};
  const template = rows.map((row) => {
    const first = row[0]!;
    if (row.every((own) => own === first)) return first;
    const name = `${prefix}${Object.keys(values).length}`;
    const { before, middles, after } = apart(row);
    values[name] = middles;
    return before + placeholder(name) + after;
  });
  return { template: template.join(''), values };
}

/** What texts begin and end with alike, by whole words and tags, and what is between. */
function apart(texts: readonly string[]): { before: string; middles: string[]; after: string } {
  const words = texts.map((text) => text.match(/<[^<>]*>|\s+|[^\s<]+|</g) ?? []);
  const first = words[0]!;
  const shortest = Math.min(...words.map(({ length }) => length));
  const alike = (at: number) => words.every((own) => own.at(at) === first.at(at));
  let head = 0;
  while (head < shortest && alike(head)) head++;
  let tail = 0;
  while (tail < shortest - head && alike(-1 - tail)) tail++;
  while (head > 0 && first[head - 1]!.endsWith('%')) head--;
  while (tail > 0 && first.at(-tail)!.startsWith('%')) tail--;
  return {
    before: first.slice(0, head).join(''),
    middles: words.map((own) => own.slice(head, own.length - tail).join('')),
    after: tail > 0 ? first.slice(-tail).join('') : '',
  };
}
