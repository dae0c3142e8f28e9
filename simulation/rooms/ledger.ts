/** The ledger against the providers' books: nothing doubled that is not told, nothing told that was not so. */
import { STATE, stateName, type StateCode } from '../../src/ledger/states.ts';
import { toRef } from '../../src/ledger/ref.ts';
import type { Run } from '../run.ts';
import type { RoomPlay } from './room.ts';

export const ledger: RoomPlay = {
  name: 'ledger',
  steps: [],
  perform: async () => undefined,
  check: againstBooks,
};

type Row = { contact_id: number; cause_id: number; seq: number; state: StateCode; class: number; trail: string | null };

const MARKETING = 2;
const SENT = new Set<StateCode>([STATE.accepted, STATE.delivered, STATE.read]);
const NEVER_SENT = new Set<StateCode>([STATE.suppressed, STATE.expired, STATE.canceled]);

async function againstBooks({ look, books, cast }: Run): Promise<string[]> {
  const rows = await look<Row[]>`
    SELECT contact_id, cause_id, seq, state, class, trail::text FROM deliveries`;
  const taken = Map.groupBy(books.taken, ({ ref }) => ref);
  const known = new Set<string>();
  const broken = rows.flatMap((row) => {
    const ref = toRef({ contactId: row.contact_id, causeId: row.cause_id, seq: row.seq });
    known.add(ref);
    cast.count(`end: ${stateName(row.state)}`);
    return faultsOf(row, taken.get(ref)?.length ?? 0).map((text) => `${ref} ${text}`);
  });
  return [...broken, ...[...taken.keys()].filter((ref) => !known.has(ref)).map((ref) => `${ref} was taken and has no row`)];
}

function faultsOf({ state, class: messageClass, trail }: Row, times: number): string[] {
  const wasUnclear = /unclear|unknown/.test(trail ?? '');
  const faults: string[] = [];
  if (times > 1 && !wasUnclear) faults.push(`was taken ${times} times without a word`);
  if (times > 1 && messageClass === MARKETING) faults.push(`is marketing and was taken ${times} times`);
  if (times === 0 && SENT.has(state))
    faults.push(`is ${stateName(state)} and was never taken`);
  if (times > 0 && NEVER_SENT.has(state) && !wasUnclear)
    faults.push(`is ${stateName(state)} and was taken`);
  return faults;
}
