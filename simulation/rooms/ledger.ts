/** The ledger against the providers' books: nothing doubled that is not told, nothing told that was not so. */
import { STATE, stateName, type StateCode } from '../../src/ledger/states.ts';
import { toRef } from '../../src/ledger/ref.ts';
import type { Books, Reported } from '../providers.ts';
import type { Run } from '../run.ts';
import type { RoomPlay } from './room.ts';

export const ledger: RoomPlay = {
  name: 'ledger',
  steps: [],
  perform: async () => undefined,
  check: againstBooks,
};

type Row = { contact_id: number; cause_id: number; seq: number; state: StateCode; class: number; state_ms: number; trail: string | null; channel: string | null };

const MARKETING = 2;
const FINAL = new Set<StateCode>([
  STATE.accepted,
  STATE.delivered,
  STATE.read,
  STATE.failed,
  STATE.suppressed,
  STATE.expired,
  STATE.canceled,
]);
const SENT = new Set<StateCode>([STATE.accepted, STATE.delivered, STATE.read]);
const NEVER_SENT = new Set<StateCode>([STATE.suppressed, STATE.expired, STATE.canceled]);

/** What is known to a worker when it begins a call may be so old, ms. */
const STALE_MS = 3_000;

async function againstBooks({ look, books, cast }: Run): Promise<string[]> {
  const rows = await look<Row[]>`
    SELECT contact_id, cause_id, seq, state, class, state_ms, trail::text, channel FROM deliveries`;
  const told = toldOf(books.reported);
  const taken = Map.groupBy(books.taken, ({ ref }) => ref);
  const known = new Set<string>();
  const devices = new Set<string>();
  const broken = rows.flatMap((row) => {
    const ref = toRef({ contactId: row.contact_id, causeId: row.cause_id, seq: row.seq });
    known.add(ref);
    if (row.channel === 'push') devices.add(ref);
    cast.count(`end: ${stateName(row.state)}`);
    const copies = taken.get(ref) ?? [];
    // What a chat confirms is told by the chat itself, and whether that was heard nobody knows.
    const faults = [...faultsOf(row, copies.length), ...(row.channel === 'webchat' ? [] : untold(row, told.get(ref)))];
    if (copies.filter(({ kind }) => kind === 'asked').length > 1 && !books.untold.has(ref))
      faults.push(`was taken ${copies.length} times by a provider that can be asked`);
    return faults.map((text) => `${ref} ${text}`);
  });
  return [...broken, ...begunAfterAll(books, told, devices), ...[...taken.keys()].filter((ref) => !known.has(ref)).map((ref) => `${ref} was taken and has no row`)];
}

function faultsOf({ state, class: messageClass, trail }: Row, times: number): string[] {
  const wasUnclear = /unclear|unknown/.test(trail ?? '');
  const faults: string[] = [];
  // Of what nobody can tell, unknown is the end.
  if (!FINAL.has(state) && state !== STATE.unknown) faults.push(`is ${stateName(state)} for ever`);
  if (times > 1 && !wasUnclear) faults.push(`was taken ${times} times without a word`);
  if (times > 1 && messageClass === MARKETING) faults.push(`is marketing and was taken ${times} times`);
  if (times === 0 && SENT.has(state))
    faults.push(`is ${stateName(state)} and was never taken`);
  if (times > 0 && NEVER_SENT.has(state) && !wasUnclear)
    faults.push(`is ${stateName(state)} and was taken`);
  return faults;
}

/** What a provider told of a message and was answered to: when it said so first. */
type ToldOf = { deliveredMs?: number; readMs?: number };

function toldOf(reported: readonly Reported[]): Map<string, ToldOf> {
  const told = new Map<string, ToldOf>();
  for (const { ref, state, rightly, atMs } of reported) {
    if (!rightly) continue;
    const one = told.get(ref) ?? {};
    told.set(ref, one);
    if (state === 'read') one.readMs ??= atMs;
    if (state === 'delivered' || state === 'read') one.deliveredMs ??= atMs;
  }
  return told;
}

/** The furthest that was told, by who had sent it, is where it stands. */
function untold({ state, state_ms }: Row, told: ToldOf | undefined): string[] {
  const best = told?.readMs !== undefined ? STATE.read : told?.deliveredMs !== undefined ? STATE.delivered : undefined;
  // An end has no way out: who failed first stays so, also when a copy of it is told as delivered.
  if (state >= STATE.failed && state_ms <= (told?.deliveredMs ?? Infinity)) return [];
  if (best !== undefined && state !== best) return [`is ${stateName(state)} and was told as ${stateName(best)}`];
  const unfounded = best === undefined && (state === STATE.delivered || state === STATE.read);
  return unfounded ? [`is ${stateName(state)} and nobody told so`] : [];
}

/**
 * Nothing is sent again of which it was told that it arrived, nor another way of what was read; a further device is no other way. A batch
 * may stand in the line for its rate while a receipt comes: a provider that knows the key takes it once all the same.
 */
function begunAfterAll(
  { begun }: Books,
  told: ReadonlyMap<string, ToldOf>,
  devices: ReadonlySet<string>,
): string[] {
  return begun.flatMap(({ ref, to, atMs, integration }) => {
    const arrivedMs = told.get(ref)?.deliveredMs;
    if (arrivedMs !== undefined && atMs > arrivedMs + STALE_MS && !integration.endsWith('idempotent'))
      return [`${ref} was begun again for ${to}, which it had reached`];
    const at = ref.lastIndexOf('.');
    const seq = Number.parseInt(ref.slice(at + 1), 36);
    const before = seq > 0 && !devices.has(ref) ? told.get(`${ref.slice(0, at)}.${(seq - 1).toString(36)}`)?.readMs : undefined;
    return before !== undefined && atMs > before + STALE_MS ? [`${ref} goes another way although it was read`] : [];
  });
}
