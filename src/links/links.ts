/**
 * Short links: made in batches, found by their code, followed, counted. Only what a row of ours names is ever led to, so there is
 * no open redirect; and what is put into an address when it is opened is not kept.
 *
 * A single message's link is a row that names its contact. A broadcast's is one row for all, and the codes of its recipients
 * are derived when they are needed (codes.ts).
 */
import type { Content } from '../../contract/content.ts';
import { toHex24 } from '../base/ids.ts';
import { getContact, type Contact } from '../contacts/contacts.ts';
import { survivorsOf } from '../contacts/merge.ts';
import type { Db, Tx } from '../db/pool.ts';
import type { Queue } from '../queue/queue.ts';
import {
  expand,
  isTransfer,
  linksIn,
  linkUrl,
  withShortLinks,
  type LinkKind,
  type LinkWorkspace,
} from './addresses.ts';
import { issueAuthCodes } from './authCodes.ts';
import { linkCodes, type LinkCodes } from './codes.ts';
import {
  insertLinks,
  selectClicks,
  selectFirstClicks,
  selectHours,
  selectLinks,
  upsertClick,
  selectUris,
  type ClickRow,
  type LinkRow,
} from './sql.ts';
import { linkSettings } from './settings.ts';

/** How links are made in this install. One per process. */
export type Links = {
  codes: LinkCodes;
  /** The address of a code, as a workspace shows it. */
  urlOf(workspace: LinkWorkspace, code: string): string;
};

/** The links of an install: `secret` is the install's own, `publicUrl` where people reach it. */
export function createLinks(deps: { secret: string; publicUrl: () => string }): Links {
  return {
    codes: linkCodes(deps.secret),
    urlOf: (workspace, code) => linkUrl(deps.publicUrl(), workspace, code),
  };
}

/** How long links lead somewhere, unless it is said: who has an old text message at hand is not for ever who it was for. */
const LINK_LIFE_MS: Readonly<Record<LinkKind, number>> = {
  transfer: 7 * 24 * 3600_000,
  click: 180 * 24 * 3600_000,
};

/** A message whose links are to be short. `causeId` is the message's own id, `atMs` by the workspace's clock. */
type ShortenedMessage = {
  workspace: LinkWorkspace;
  contactId: number;
  causeId: number;
  content: Content;
  atMs: number;
};

/** Makes the links of single messages; returns their contents with short addresses, in order. Part of their acceptance. */
export async function shortenMessages(
  links: Links,
  tx: Tx,
  messages: readonly ShortenedMessage[],
): Promise<Content[]> {
  const plans = messages.map(({ workspace, contactId, causeId, content, atMs }) =>
    linksIn(content, linkSettings(workspace.settings).tracksClicks).map(({ longUri, kind }, position) =>
      rowOf({ workspaceId: workspace.id, contactId, causeId, position, longUri, kind }, atMs),
    ),
  );
  const rows = plans.flat();
  if (rows.length > 0) await insertLinks(tx, rows);
  return messages.map(({ workspace, content }, i) => {
    const plan = plans[i]!;
    if (plan.length === 0) return content;
    const codes = links.codes.own(plan);
    const short = new Map(plan.map(({ longUri }, at) => [longUri, links.urlOf(workspace, codes[at]!)]));
    return withShortLinks(content, (uri) => short.get(uri));
  });
}

/** Makes the links of a broadcast's run, once for all its recipients. Part of its beginning. */
export async function shortenRun(
  tx: Tx,
  nowMs: number,
  run: { workspace: LinkWorkspace; runId: number; content: Content; expiresMs?: number },
): Promise<void> {
  const rows = linksIn(run.content, linkSettings(run.workspace.settings).tracksClicks).map(
    ({ longUri, kind }, position) =>
      rowOf(
        {
          workspaceId: run.workspace.id,
          contactId: null,
          causeId: run.runId,
          position,
          longUri,
          kind,
          expiresMs: run.expiresMs,
        },
        nowMs,
      ),
  );
  if (rows.length > 0) await insertLinks(tx, rows);
}

/** Positions of a cause's links by their address, to render its recipients' messages from; empty when it has none. */
export async function linksOfCause(db: Db, causeId: number): Promise<Map<string, number>> {
  return new Map((await selectLinks(db, causeId)).map(({ longUri, position }) => [longUri, position]));
}

/** The short addresses of a batch of a run's recipients: for each contact, by the address they stand for. */
export function shortLinksFor(
  links: Links,
  workspace: LinkWorkspace,
  runId: number,
  positions: ReadonlyMap<string, number>,
  contactIds: readonly number[],
): Map<number, Map<string, string>> {
  const byContact = new Map(contactIds.map((id) => [id, new Map<string, string>()]));
  for (const [longUri, position] of positions) {
    const codes = links.codes.shared(runId, position, contactIds);
    contactIds.forEach((id, i) => byContact.get(id)!.set(longUri, links.urlOf(workspace, codes[i]!)));
  }
  return byContact;
}

/** A link that a code leads to, and who holds it. */
type FoundLink = LinkRow & {
  /** Who opens it, by now; undefined when that contact is gone. */
  holder: Contact | undefined;
};

/**
 * The link behind a code; undefined when there is none. It may have expired: compare `expiresMs` with the workspace's time. A
 * link that brings the person along is not found without the person.
 */
export async function findLink(db: Db, codes: LinkCodes, code: string): Promise<FoundLink | undefined> {
  const parts = codes.read(code);
  const [row] = parts ? await selectLinks(db, parts.causeId, parts.position) : [];
  // A code of one form names no link of the other.
  if (!row || (row.contactId === null) !== (parts!.contactId !== undefined)) return undefined;
  const holder = await livingContact(db, row.workspaceId, row.contactId ?? parts!.contactId!);
  return row.kind === 'transfer' && !holder ? undefined : { ...row, holder };
}

/** What is on the feed when a person opened a link: `link.clicked`. */
export type LinkClicked = {
  contactId: number;
  causeId: number;
  position: number;
  kind: LinkKind;
  longUri: string;
  /** The link was for this person alone: what it was said in is a message of theirs, where it was said in any. */
  isOwn?: boolean;
  /** It is the first time this person opens this link. */
  first: boolean;
};

/** Opening a link twice within this time is one click: a double tap, or a browser that tries again. */
const SAME_CLICK_MS = 2_000;

/** Follows a link as its person: counts the click and tells of it, and returns the address to go to, with the person in it. */
export async function followLink(
  deps: { queue: Queue },
  tx: Tx,
  nowMs: number,
  link: FoundLink,
): Promise<string> {
  const { holder, workspaceId, causeId, position, kind, longUri } = link;
  if (!holder) return longUri;
  const click = { contactId: holder.id, causeId, position };
  const count = await upsertClick(tx, { ...click, workspaceId }, nowMs, SAME_CLICK_MS);
  if (count !== undefined)
    await deps.queue.append(tx, [
      {
        ownerId: holder.id,
        workspaceId,
        type: 'link.clicked',
        atMs: nowMs,
        payload: {
          ...click,
          kind,
          longUri,
          isOwn: link.contactId !== null,
          first: count === 1,
        } satisfies LinkClicked,
      },
    ]);
  if (kind === 'click') return longUri;
  const [authtoken] = await issueAuthCodes(tx, nowMs, [{ workspaceId, contactId: holder.id }]);
  return expand(longUri, { authuser: toHex24(holder.id), authtoken: authtoken! });
}

/** So many hours of links are looked at: a broadcast's of a month, with ten links. */
const MOST_HOURS = 7_200;

/** What was opened of a cause's links: how often and by how many, with where each leads; and how often by hour, where there was any. */
type Clicks = {
  links: { position: number; longUri: string; people: number; clicks: number }[];
  hours: { hourMs: number; clicks: number }[];
};

/** How often the links of a cause were opened; what happened in the last moments may be missing. */
export async function clicksOfCause(db: Db, workspaceId: number, causeId: number): Promise<Clicks> {
  const [rows, counts] = await Promise.all([
    selectLinks(db, causeId),
    selectHours(db, workspaceId, causeId, MOST_HOURS),
  ]);
  const sum = (of: readonly { people: number; clicks: number }[], what: 'people' | 'clicks') =>
    of.reduce((all, one) => all + one[what], 0);
  const links = rows
    .filter((row) => row.workspaceId === workspaceId)
    .map(({ position, longUri }) => {
      const own = counts.filter((count) => count.position === position);
      return { position, longUri, people: sum(own, 'people'), clicks: sum(own, 'clicks') };
    });
  const hours = [...Map.groupBy(counts, ({ hourMs }) => hourMs)].map(([hourMs, of]) => ({
    hourMs,
    clicks: sum(of, 'clicks'),
  }));
  return { links, hours: hours.filter(({ clicks }) => clicks > 0) };
}

/** What a contact opened, last first; of one message or run when `causeId` is given. */
export async function clicksOfContact(
  db: Db,
  of: { workspaceId: number; contactId: number; causeId?: number | undefined; limit?: number },
): Promise<ClickRow[]> {
  return await selectClicks(db, { ...of, limit: of.limit ?? 100 });
}

/** When a contact first opened the links of some messages, by message and position. */
export async function firstClicks(
  db: Db,
  of: { workspaceId: number; contactId: number; causeIds: readonly number[] },
): Promise<{ causeId: number; position: number; firstMs: number }[]> {
  return of.causeIds.length ? await selectFirstClicks(db, of) : [];
}

/** How many links of a content bring their person along, once they are short; in its message these have the first positions. */
export function countTransfers(content: Content): number {
  const actions = 'actions' in content ? (content.actions ?? []) : [];
  const ofItems = 'items' in content ? content.items.flatMap((item) => item.actions ?? []) : [];
  const uris = [...actions, ...ofItems].flatMap((action) =>
    action.type === 'link' && action.longUri !== undefined && isTransfer(action.longUri)
      ? action.longUri
      : [],
  );
  return new Set(uris).size;
}

/** Where the links lead that were opened, by `causeId.position`; what is not kept any more is not in it. */
export async function urisOfClicks(
  db: Db,
  clicks: readonly { causeId: number }[],
): Promise<Map<string, string>> {
  if (clicks.length === 0) return new Map();
  const rows = await selectUris(db, [...new Set(clicks.map(({ causeId }) => causeId))]);
  return new Map(rows.map(({ causeId, position, longUri }) => [`${causeId}.${position}`, longUri]));
}

/** The contact, or the one it was merged into. */
export async function livingContact(
  db: Db,
  workspaceId: number,
  contactId: number,
): Promise<Contact | undefined> {
  const contact = await getContact(db, workspaceId, contactId);
  if (contact) return contact;
  const became = (await survivorsOf(db, workspaceId, [contactId])).get(contactId);
  return became === undefined ? undefined : await getContact(db, workspaceId, became);
}

function rowOf(
  link: Omit<LinkRow, 'createdMs' | 'expiresMs'> & { expiresMs?: number | undefined },
  nowMs: number,
): LinkRow {
  return { ...link, createdMs: nowMs, expiresMs: link.expiresMs ?? nowMs + LINK_LIFE_MS[link.kind] };
}
