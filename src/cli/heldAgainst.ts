/**
 * A provider's own list held against ours. Both are dealt into files by the ids that the provider gave, so that only one part of each
 * is in memory, whatever their length. What only one of them has is told, and where they disagree on how a message ended.
 */
import { createHash } from 'node:crypto';
import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import type { AuditBreak, TakenShown } from '../../contract/doors/console/reconcile.ts';
import type { Api } from './api.ts';

/** A row of a provider's list: its id of a message, its word for what came of it, and when it was taken, where it says so. */
type TheirRow = { id: string; status: string; takenMs?: number | undefined };

/** When something was taken that both lists have to have, unix ms, both inclusive. What is outside of it can only match. */
export type Within = { fromMs: number; toMs: number };

/** Reads a provider's list, row by row; resolves with what it is the whole of, where that is a time. */
export type TheirList = (put: (row: TheirRow) => Promise<void>) => Promise<Within | undefined>;

/** What was held against each other. */
export type HeldAgainst = { breaks: AuditBreak[]; counts: { rows: number; matched: number } };

/** What providers call an end, by what it is here; words that are not here say nothing of an end. */
const ENDS: Readonly<Record<string, 'arrived' | 'failed'>> = {
  delivered: 'arrived',
  read: 'arrived',
  opened: 'arrived',
  clicked: 'arrived',
  undelivered: 'failed',
  failed: 'failed',
  bounced: 'failed',
  rejected: 'failed',
  canceled: 'failed',
};
const OURS: Readonly<Record<string, 'arrived' | 'failed'>> = {
  delivered: 'arrived',
  read: 'arrived',
  failed: 'failed',
};

/** Parts that both lists are dealt into. */
const PARTS = 64;

type Entry = Omit<TakenShown['taken'][number], 'externalIds'>;

/**
 * Both lists, held against each other. Theirs is read first, so that of what moves on in between ours is the later one. `pathOf` is where
 * ours is; what is only in ours is told of one integration where it is named, since a list is of one.
 */
export async function holdAgainst(
  api: Pick<Api, 'get'>,
  readTheirs: TheirList,
  pathOf: (within: Within | undefined) => string,
  integration: string | undefined,
): Promise<HeldAgainst> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-reconcile-'));
  const theirs = createParts(directory, 'theirs');
  const ours = createParts(directory, 'ours');
  try {
    const within = await readTheirs(({ id, ...row }) => theirs.put(plainId(id), row));
    await dealOurs(api, pathOf(within), ours);
    await Promise.all([theirs.end(), ours.end()]);
    return await compare(theirs, ours, { within, integration });
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

/** Mail ids stand in brackets or without. */
function plainId(id: string): string {
  return id.trim().replace(/^<(.*)>$/, '$1');
}

async function dealOurs(
  api: Pick<Api, 'get'>,
  path: string,
  parts: ReturnType<typeof createParts>,
): Promise<void> {
  for (let next: string | null = ''; next !== null; ) {
    const page: TakenShown = await api.get<TakenShown>(path + (next === '' ? '' : `&next=${next}`));
    for (const { externalIds, ...entry } of page.taken)
      for (const id of externalIds) await parts.put(plainId(id), entry);
    next = page.next;
  }
}

async function compare(
  theirs: ReturnType<typeof createParts>,
  ours: ReturnType<typeof createParts>,
  { within, integration }: { within: Within | undefined; integration: string | undefined },
): Promise<HeldAgainst> {
  const held: HeldAgainst = { breaks: [], counts: { rows: 0, matched: 0 } };
  const isIn = (ms: number | undefined) =>
    !within || (ms !== undefined && ms >= within.fromMs && ms <= within.toMs);
  for (let part = 0; part < PARTS; part++) {
    // A list of events has several rows of one message, in whatever order: that it arrived cannot be untrue.
    const told = Map.groupBy(await theirs.read<Omit<TheirRow, 'id'>>(part), ([id]) => id);
    const entries = new Map(await ours.read<Entry>(part));
    for (const [id, rows] of told) {
      const entry = entries.get(id);
      const isTheirs = rows.some(([, { takenMs }]) => isIn(takenMs));
      if (!isTheirs && !(entry && isIn(Date.parse(entry.sentAt)))) continue;
      held.counts.rows++;
      if (entry) held.counts.matched++;
      held.breaks.push(
        ...apart(
          id,
          rows.map(([, { status }]) => status),
          entry,
        ),
      );
    }
    for (const [id, entry] of entries) {
      const isOther = integration !== undefined && entry.integrationId !== integration;
      if (!told.has(id) && !isOther && isIn(Date.parse(entry.sentAt)))
        held.breaks.push(
          breakOf('only_here', entry, `the provider took it as ${id}, and its list does not have that`),
        );
    }
  }
  return held;
}

/** What a provider says of a message that is not known here, or stands otherwise. */
function apart(id: string, words: readonly string[], entry: Entry | undefined): AuditBreak[] {
  const last = words.at(-1)!;
  if (!entry) {
    const detail = `the provider has ${id} (${last}), and nothing here is known by it`;
    return [breakOf('only_at_provider', undefined, detail)];
  }
  const ends = words.map((word) => ENDS[word]);
  const end = ends.includes('arrived') ? 'arrived' : ends.find((one) => one !== undefined);
  if (!end || end === OURS[entry.state]) return [];
  return [breakOf('disagrees', entry, `its provider says ${last} of ${id}; here it is ${entry.state}`)];
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
