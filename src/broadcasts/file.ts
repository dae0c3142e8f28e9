/**
 * The recipients of a broadcast as a CSV, written while it is fetched: a page of deliveries is in memory at a time, however many there
 * are. Whoever is erased meanwhile is in it without an address. A link to it is sealed and opens for a while; nothing is stored.
 */
import { csvLine, guardedCell } from '../base/csv.ts';
import { isoTime } from '../base/clock.ts';
import type { Vault } from '../base/crypto.ts';
import { isId, toHex24 } from '../base/ids.ts';
import { selectPeople } from '../contacts/people.ts';
import type { Person } from '../contacts/person.ts';
import type { Sql } from '../db/pool.ts';
import type { Delivery } from '../ledger/delivery.ts';
import { deliveriesInRun } from '../ledger/deliveries.ts';
import { STATE, stateName, type StateName } from '../ledger/states.ts';
import type { Broadcast } from './broadcast.ts';
import { findBroadcast } from './find.ts';

/** Which recipients of which broadcast; those in every state where none is named. */
type FileOf = { workspaceId: number; broadcastId: number; state: StateName | undefined };

const CONTEXT = 'recipients file';
const LINK_MS = 10 * 60_000;
/** Deliveries that are in memory at a time. */
const AT_ONCE = 1_000;
const COLUMNS = [
  'parley_id',
  'given_name',
  'surname',
  'channel',
  'address',
  'state',
  'code',
  'detail',
  'attempts',
  'sent_at',
  'state_at',
];

/** A token that opens a file until a moment. */
export function fileToken(vault: Vault, of: FileOf, nowMs: number): { token: string; untilMs: number } {
  const untilMs = nowMs + LINK_MS;
  const { workspaceId, broadcastId, state = '' } = of;
  const sealed = vault.seal([workspaceId, broadcastId, untilMs, state].join('.'), CONTEXT);
  return { token: sealed.toString('base64url'), untilMs };
}

/** The lines of the file that a token opens; undefined when it opens none, or none any longer. */
export async function openRecipients(
  { sql, vault }: { sql: Sql; vault: Vault },
  token: string,
  nowMs: number,
): Promise<AsyncGenerator<string> | undefined> {
  const of = readToken(vault, token, nowMs);
  const broadcast = of && (await findBroadcast(sql, of.workspaceId, of.broadcastId));
  return broadcast && linesOf(sql, of, broadcast);
}

function readToken(vault: Vault, token: string, nowMs: number): FileOf | undefined {
  const plain = vault.open(Buffer.from(token, 'base64url'), CONTEXT);
  const [workspaceId, broadcastId, untilMs, state] = plain?.split('.') ?? [];
  const ids = { workspaceId: Number(workspaceId), broadcastId: Number(broadcastId) };
  const isOpen = isId(ids.workspaceId) && isId(ids.broadcastId) && Number(untilMs) > nowMs;
  return isOpen ? { ...ids, state: (state || undefined) as StateName | undefined } : undefined;
}

async function* linesOf(
  sql: Sql,
  { workspaceId, state }: FileOf,
  { runId, channel }: Broadcast,
): AsyncGenerator<string> {
  // So a spreadsheet knows that it is UTF-8.
  yield `\u{FEFF}${csvLine(COLUMNS)}`;
  if (runId === null) return;
  const states = state === undefined ? Object.values(STATE) : [STATE[state]];
  let afterContactId = 0;
  for (;;) {
    const page = { states, afterContactId, limit: AT_ONCE };
    const { rows, nextAfter } = await deliveriesInRun(sql, workspaceId, runId, page);
    if (rows.length > 0) {
      const named = rows.map(({ contactId }) => ({ workspaceId, contactId }));
      const people = await selectPeople(sql, named, { channel, attributes: false });
      yield rows.map((row) => recipientLine(row, people.get(row.contactId))).join('');
    }
    if (nextAfter === undefined) return;
    afterContactId = nextAfter;
  }
}

/** The line of a delivery. */
function recipientLine(
  delivery: Delivery,
  person: Pick<Person, 'givenName' | 'surname'> | undefined,
): string {
  const { contactId, channel, address, state, code, detail, attempts, sentMs, stateMs } = delivery;
  const cells = [
    toHex24(contactId),
    person?.givenName,
    person?.surname,
    channel,
    // A device is nothing that anybody reads.
    channel === 'push' ? null : address,
    stateName(state),
    code,
    detail,
    attempts,
    sentMs === null ? null : isoTime(sentMs),
    isoTime(stateMs),
  ];
  return csvLine(cells.map(guardedCell));
}
