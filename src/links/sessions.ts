/**
 * Who reads and writes in a browser: sessions, which a person gets for an auth code, and presence, which says whether
 * somebody is looking now. An answer goes to the web while its contact is present, and to the channel they came from else.
 */
import type { Db, Tx } from '../db/pool.ts';
import { secretForm } from './secrets.ts';
import {
  deletePresence,
  deleteSession,
  insertSession,
  selectPresent,
  selectSessions,
  upsertPresence,
  type SecretKey,
  type SessionRow,
} from './sql.access.ts';

/** How long a browser stays signed in. */
const SESSION_LIFE_MS = 30 * 24 * 3600_000;
/** Presence is noted this often while a page is open. */
export const PRESENCE_EVERY_MS = 10_000;
/** Who was not seen for this long is away: the notes of a server that died go out of date by themselves. */
const PRESENT_MS = 30_000;

const TOKEN = secretForm('cs_', 32);

/** A session; `key` names it, and is no secret. */
export type Session = SessionRow & { key: SecretKey };

/** Begins a session; the token is told once. `nowMs` by the workspace's clock. */
export async function openSession(
  tx: Tx,
  nowMs: number,
  of: { workspaceId: number; contactId: number; integrationId: number },
): Promise<{ token: string; expiresMs: number }> {
  const { text, ...key } = TOKEN.make(of.contactId);
  const expiresMs = nowMs + SESSION_LIFE_MS;
  await insertSession(tx, { ...key, ...of, createdMs: nowMs, expiresMs });
  return { token: text, expiresMs };
}

/** The session of a token; it may be over: compare `expiresMs` with the workspace's time. */
export async function findSession(db: Db, token: string): Promise<Session | undefined> {
  const key = TOKEN.keyOf(token);
  const row = key && (await selectSessions(db, [key])).get(key.hash);
  return row && { ...row, key };
}

/** What a session is kept under, of its token; undefined where that is none of ours. */
export function sessionKey(token: string): SecretKey | undefined {
  return TOKEN.keyOf(token);
}

/** The sessions that are kept under these keys, by their hashes, in one statement; they may be over: compare `expiresMs`. */
export async function findSessions(
  db: Db,
  keys: readonly SecretKey[],
): Promise<ReadonlyMap<string, SessionRow>> {
  const unique = new Map(keys.map((key) => [key.hash, key]));
  return unique.size > 0 ? await selectSessions(db, [...unique.values()]) : new Map();
}

/** Ends a session. */
export async function endSession(db: Db, session: Session): Promise<boolean> {
  return await deleteSession(db, session.key);
}

/** Notes that contacts are looking. `nowMs` by our clock: presence is of this world, also in a test workspace. */
export async function notePresence(db: Db, contactIds: readonly number[], nowMs: number): Promise<void> {
  // In one order for all, so that two processes do not wait for each other.
  const unique = [...new Set(contactIds)].sort((a, b) => a - b);
  if (unique.length > 0) await upsertPresence(db, unique, nowMs);
}

/** Notes that a contact looked away at a time; who came back since stays. */
export async function noteAbsence(db: Db, contactId: number, leftMs: number): Promise<void> {
  await deletePresence(db, contactId, leftMs);
}

/** Which of these contacts are looking now. */
export async function presentContacts(
  db: Db,
  contactIds: readonly number[],
  nowMs: number,
): Promise<Set<number>> {
  if (contactIds.length === 0) return new Set();
  return new Set(await selectPresent(db, [...new Set(contactIds)], nowMs - PRESENT_MS));
}
