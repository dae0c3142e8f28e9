/**
 * A provider's own list held against ours. Both are dealt into files by the ids that the provider gave, so that only one part of each
 * is in memory, whatever their length. What only one of them has is told, and where they disagree on how a message ended.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import type { AuditBreak, TakenShown } from '../../contract/doors/console/reconcile.ts';
import { readCsv } from '../base/csv.ts';
import type { Api } from './api.ts';
import { CommandFailure } from './failure.ts';

/** Which columns of an export say what: its id of a message, what came of it, and which rows are messages that were sent. */
type Columns = { id: string; status: string; only?: { column: string; value: RegExp } };

/** Exports that are known by their header (Twilio: “Export to CSV” of the message log; Mailgun: events). */
const KNOWN: readonly Columns[] = [
  { id: 'sid', status: 'status', only: { column: 'direction', value: /^outbound/i } },
  { id: 'message-id', status: 'event' },
  { id: 'message.headers.message-id', status: 'event' },
];

/** What providers call an end, by what it is here; words that are not here say nothing of an end. */
const ENDS: Readonly<Record<string, 'arrived' | 'failed'>> = {
  delivered: 'arrived',
  read: 'arrived',
  opened: 'arrived',
  clicked: 'arrived',
  undelivered: 'failed',
  failed: 'failed',
  bounced: 'failed',
};
const OURS: Readonly<Record<string, 'arrived' | 'failed'>> = {
  delivered: 'arrived',
  read: 'arrived',
  failed: 'failed',
};

/** Parts that both lists are dealt into. */
const PARTS = 64;

type Entry = Pick<TakenShown['taken'][number], 'contactId' | 'messageId' | 'broadcastId' | 'seq' | 'state'>;

/** Both lists, held against each other. `columns` is `id=<column>,status=<column>` for an export that is not known. */
export async function holdAgainst(
  api: Api,
  path: string,
  file: string,
  columns: string | undefined,
  integration: string | undefined,
): Promise<{ breaks: AuditBreak[]; counts: { rows: number; matched: number } }> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-reconcile-'));
  const theirs = createParts(directory, 'theirs');
  const ours = createParts(directory, 'ours');
  try {
    await dealExport(file, columns, theirs);
    await dealOurs(api, path, integration, ours);
    await Promise.all([theirs.end(), ours.end()]);
    return await compare(theirs, ours);
  } finally {
    // Files that are still being opened would not find their folder.
    await Promise.all([theirs.end(), ours.end()]);
    await rm(directory, { recursive: true, force: true });
  }
}

/** Lines by the part that their id falls into. */
function createParts(directory: string, name: string) {
  const fileOf = (part: number) => join(directory, `${name}-${part}`);
  const streams = Array.from({ length: PARTS }, (_, part): WriteStream => createWriteStream(fileOf(part)));
  return {
    async put(id: string, what: unknown): Promise<void> {
      const part = createHash('sha256').update(id).digest()[0]! % PARTS;
      if (!streams[part]!.write(`${JSON.stringify([id, what])}\n`)) await once(streams[part]!, 'drain');
    },
    async end(): Promise<void> {
      await Promise.all(streams.map((stream) => new Promise((done) => stream.end(done))));
    },
    async read<T>(part: number): Promise<[string, T][]> {
      const lines = (await readFile(fileOf(part), 'utf8')).split('\n').filter(Boolean);
      return lines.map((line) => JSON.parse(line) as [string, T]);
    },
  };
}

async function dealExport(
  file: string,
  given: string | undefined,
  parts: ReturnType<typeof createParts>,
): Promise<void> {
  const pieces = readCsv(createReadStream(file).on('error', () => {}));
  let at:
    | { id: number; status: number; only: ((cells: readonly string[]) => boolean) | undefined }
    | undefined;
  try {
    for (let piece = await pieces.next(); !piece.done; piece = await pieces.next())
      for (const { cells } of piece.value) {
        if (!at) at = columnsIn(cells, given);
        else if (at.only?.(cells) !== false)
          await parts.put(plainId(cells[at.id] ?? ''), (cells[at.status] ?? '').toLowerCase());
      }
  } catch (error) {
    if ((error as { code?: string }).code === undefined) throw error;
    throw new CommandFailure(`${file} cannot be read: ${(error as Error).message}`, 2);
  }
  if (!at) throw new CommandFailure(`${file} is empty.`, 2);
}

/** Mail ids stand in brackets or without. */
function plainId(id: string): string {
  return id.trim().replace(/^<(.*)>$/, '$1');
}

function columnsIn(header: readonly string[], given: string | undefined) {
  const names = header.map((name) => name.trim().toLowerCase());
  const has = (column: string) => names.includes(column);
  const chosen =
    given === undefined ? KNOWN.find(({ id, status }) => has(id) && has(status)) : readColumns(given);
  if (!chosen || !has(chosen.id) || !has(chosen.status))
    throw new CommandFailure(
      `Which of its columns are the provider's id and the status? Say --columns id=<column>,status=<column>; there are: ${header.join(', ')}`,
      2,
    );
  const { only } = chosen;
  const filter = only && has(only.column) ? names.indexOf(only.column) : -1;
  return {
    id: names.indexOf(chosen.id),
    status: names.indexOf(chosen.status),
    only: filter < 0 ? undefined : (cells: readonly string[]) => only!.value.test(cells[filter] ?? ''),
  };
}

function readColumns(text: string): Columns {
  const pairs = new Map(
    text
      .split(',')
      .map((pair) => pair.split('=').map((part) => part.trim().toLowerCase()) as [string, string]),
  );
  return { id: pairs.get('id') ?? '', status: pairs.get('status') ?? '' };
}

async function dealOurs(
  api: Api,
  path: string,
  integration: string | undefined,
  parts: ReturnType<typeof createParts>,
): Promise<void> {
  for (let next: string | null = ''; next !== null; ) {
    const page: TakenShown = await api.get<TakenShown>(path + (next === '' ? '' : `&next=${next}`));
    for (const { externalIds, integrationId, ...entry } of page.taken)
      if (integration === undefined || integrationId === integration)
        for (const id of externalIds) await parts.put(plainId(id), entry);
    next = page.next;
  }
}

async function compare(
  theirs: ReturnType<typeof createParts>,
  ours: ReturnType<typeof createParts>,
): Promise<{ breaks: AuditBreak[]; counts: { rows: number; matched: number } }> {
  const breaks: AuditBreak[] = [];
  let [rows, matched] = [0, 0];
  for (let part = 0; part < PARTS; part++) {
    // An export of events has several rows of one message, in whatever order: that it arrived cannot be untrue.
    const words = Map.groupBy(await theirs.read<string>(part), ([id]) => id);
    const entries = new Map(await ours.read<Entry>(part));
    rows += words.size;
    for (const [id, told] of words) {
      const entry = entries.get(id);
      if (!entry)
        breaks.push(
          breakOf(
            'only_at_provider',
            undefined,
            `the provider has ${id} (${told.at(-1)![1]}), and nothing here is known by it`,
          ),
        );
      else {
        matched++;
        const ends = told.map(([, word]) => ENDS[word]);
        const end = ends.includes('arrived') ? 'arrived' : ends.find((one) => one !== undefined);
        const here = OURS[entry.state];
        if (end && end !== here)
          breaks.push(
            breakOf(
              'disagrees',
              entry,
              `its provider says ${told.at(-1)![1]} of ${id}; here it is ${entry.state}`,
            ),
          );
      }
    }
    for (const [id, entry] of entries)
      if (!words.has(id))
        breaks.push(
          breakOf('only_here', entry, `the provider took it as ${id}, and its list does not have that`),
        );
  }
  return { breaks, counts: { rows, matched } };
}

function breakOf(code: string, entry: Entry | undefined, detail: string): AuditBreak {
  return {
    code,
    contactId: entry?.contactId ?? null,
    messageId: entry?.messageId ?? null,
    broadcastId: entry?.broadcastId ?? null,
    seq: entry?.seq ?? 0,
    state: entry?.state ?? null,
    detail,
  };
}
