/**
 * Auth codes: for ten minutes, and once, whoever brings one is this contact. Link requests: for a day, whoever writes from
 * another channel with one is this contact. Both are bound to a contact and its workspace, and only their hashes are kept.
 */
import { fault, type Fault } from '../base/fault.ts';
import type { IdSource } from '../base/ids.ts';
import { linkDestination } from '../contacts/destinations.ts';
import type { WantedDestination } from '../contacts/wanted.ts';
import type { Db, Tx } from '../db/pool.ts';
import { secretForm } from './secrets.ts';
import {
  deleteAuthCode,
  deleteLinkRequest,
  insertAuthCodes,
  insertLinkRequests,
  selectAuthCode,
  type AuthCodeRow,
} from './sql.access.ts';

/** How long an auth code is good: a page is opened at once, or not at all. */
export const AUTH_CODE_LIFE_MS = 10 * 60_000;
/** How long a link request is good. */
export const LINK_REQUEST_LIFE_MS = 24 * 3600_000;

const AUTH_CODE = secretForm('ac_', 24);
// Short, since a person sends it as a message; twelve bytes are still beyond guessing within a day.
const LINK_REQUEST = secretForm('lr_', 12);
const LINK_REQUEST_WITHIN = /(?<![\w-])lr_[\w-]{18}(?![\w-])/;

/** One contact of a workspace. */
export type Whose = { workspaceId: number; contactId: number };

/** Makes an auth code for each contact, in order. `nowMs` by the workspace's clock, here and below. */
export async function issueAuthCodes(tx: Tx, nowMs: number, whose: readonly Whose[]): Promise<string[]> {
  const made = whose.map(({ workspaceId, contactId }) => ({
    ...AUTH_CODE.make(contactId),
    workspaceId,
    contactId,
    expiresMs: nowMs + AUTH_CODE_LIFE_MS,
  }));
  if (made.length > 0) await insertAuthCodes(tx, made);
  return made.map(({ text }) => text);
}

/** What an auth code stands for, without using it up; it may have expired. */
export async function findAuthCode(db: Db, code: string): Promise<AuthCodeRow | undefined> {
  const key = AUTH_CODE.keyOf(code);
  return key && (await selectAuthCode(db, key));
}

/**
 * Uses an auth code up; of two who do it at the same moment, one does. The fault is the same for a code that never was, was
 * used, has expired or is another contact's; one that is brought for another contact stays good for its own.
 */
export async function consumeAuthCode(
  tx: Tx,
  nowMs: number,
  code: string,
  whose: Whose,
): Promise<Whose | Fault> {
  const key = AUTH_CODE.keyOf(code);
  return key && (await deleteAuthCode(tx, key, whose, nowMs)) ? whose : NOT_GOOD;
}

/** What is answered to whoever brings a code that is not good. */
export const NOT_GOOD = fault(
  'invalid_auth',
  'The link was used already or has expired; open it again in the message.',
);

/** Makes a link request for each contact, in order. With `integrationId` it is good on that integration only. */
export async function issueLinkRequests(
  tx: Tx,
  nowMs: number,
  requests: readonly (Whose & { integrationId?: number })[],
): Promise<string[]> {
  const made = requests.map(({ workspaceId, contactId, integrationId }) => ({
    ...LINK_REQUEST.make(contactId),
    workspaceId,
    contactId,
    integrationId: integrationId ?? null,
    expiresMs: nowMs + LINK_REQUEST_LIFE_MS,
  }));
  if (made.length > 0) await insertLinkRequests(tx, made);
  return made.map(({ text }) => text);
}

/** The code of a link request within what a person sent. */
export function linkRequestIn(text: string): string | undefined {
  return LINK_REQUEST_WITHIN.exec(text)?.[0];
}

/**
 * Where a person goes to bring a link request: a message to our own address with the code in it, ready to be sent. Undefined
 * for channels on which nobody writes first.
 */
export function linkRequestUri(channel: string, ourAddress: string, code: string): string | undefined {
  switch (channel) {
    case 'whatsapp':
      return `https://wa.me/${ourAddress.replaceAll(/\D/g, '')}?text=${encodeURIComponent(code)}`;
    case 'sms':
      // Both separators that telephones want stand here (RFC 5724 has `?`, iOS takes `&`).
      return `sms:${ourAddress}?&body=${encodeURIComponent(code)}`;
    case 'email':
      return `mailto:${encodeURIComponent(ourAddress)}?subject=${encodeURIComponent(code)}`;
    default:
      return undefined;
  }
}

/** Who arrived: linked to the contact, or, with `conflictsWith`, somebody who has that address already and is to be merged. */
type Arrived = { contactId: number } & ({ destinationId: number } | { conflictsWith: number });

/**
 * Somebody who brings a link request on another channel becomes known as its contact: the request is used up, and their
 * address there is linked. Undefined when the code is not good: then they are who their address says.
 */
export async function arriveByRequest(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  arrival: { workspaceId: number; integrationId: number; code: string; destination: WantedDestination },
): Promise<Arrived | Fault | undefined> {
  const { workspaceId, code } = arrival;
  const key = LINK_REQUEST.keyOf(code);
  const contactId = key && (await deleteLinkRequest(tx, key, arrival, nowMs));
  if (contactId === undefined) return undefined;
  const linked = await linkDestination(tx, ids, nowMs, { ...arrival.destination, workspaceId, contactId });
  if ('fault' in linked) return linked;
  return 'conflictsWith' in linked
    ? { contactId, conflictsWith: linked.conflictsWith }
    : { contactId, destinationId: linked.destinationId };
}
