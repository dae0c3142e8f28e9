/**
 * What was exercised: every fault with every state that it met. What never met, of all that could, is a hole in the generator.
 */
import type { Sql } from '../src/db/pool.ts';
import type { Receipt } from '../src/channels/adapter.ts';
import { fromRef } from '../src/ledger/ref.ts';
import { stateName, type StateCode } from '../src/ledger/states.ts';
import { FAULTS } from './providers.ts';
import { ROOMS } from './rooms/rooms.ts';
import type { Run, Step } from './run.ts';

/** What a message can be in when something befalls it. `due`: it waits for its turn; `in flight`: a call may have begun. */
export const STANDINGS = [
  'due',
  'in flight',
  'queued',
  'held',
  'accepted',
  'delivered',
  'read',
  'failed',
  'suppressed',
  'canceled',
  'unknown',
] as const;

/** Steps that befall messages which are there. */
const BEFALLING = [
  'broadcasts pause',
  'broadcasts resume',
  'broadcasts cancel',
  'people reply',
  'people merge',
  'people edit',
  'people erase',
  'imports file',
  'workspaces quiet hours',
  'workspaces cap',
  'processes kill',
  'processes stop',
  'processes sleep',
  'processes cut',
  'processes kill the door',
] as const;

const RECEIPTS = ['accepted', 'delivered', 'read', 'failed'] as const satisfies readonly Receipt['state'][];

/** What may be met, as `fault × state`. */
export function allPairs(): string[] {
  return [
    ...BEFALLING.flatMap((fault) => STANDINGS.map((state) => pair(fault, state))),
    ...RECEIPTS.flatMap((state) => STANDINGS.map((standing) => pair(`receipt ${state}`, standing))),
    ...FAULTS.flatMap((fault) => ['first', 'again'].map((time) => pair(`provider ${fault}`, time))),
    ...ROOMS.flatMap(({ name, steps, standings }) =>
      standings
        ? [...steps.map(({ what }) => `${name} ${what}`), ...OF_PROCESSES].flatMap((fault) =>
            standings.among.map((state) => pair(fault, `${name}: ${state}`)),
          )
        : [],
    ),
  ];
}

/** What befalls processes meets whatever is under way, in every room. */
const OF_PROCESSES = BEFALLING.filter((fault) => fault.startsWith('processes'));

/** A fault and what it met, as a word. */
export function pair(fault: string, state: string): string {
  return `${fault} × ${state}`;
}

/** What a step meets: messages, and what rooms that stand apart have of their own. */
export async function meetsOfStep(run: Run, step: Step): Promise<string[]> {
  const fault = `${step.room} ${step.what}`;
  const met: string[] = [];
  for (const { name, standings } of run.rooms) {
    if (!standings || (step.room !== name && !(OF_PROCESSES as string[]).includes(fault))) continue;
    const states = await standings.of(run, step.room === name ? step : undefined);
    met.push(...new Set(states.map((state) => pair(fault, `${name}: ${state}`))));
  }
  return [...met, ...(await messagesMet(run, step))];
}

/** Which messages a step is about: those of a person, of a broadcast, or all. */
async function messagesMet(run: Run, step: Step): Promise<string[]> {
  const fault = `${step.room} ${step.what}`;
  if (!(BEFALLING as readonly string[]).includes(fault)) return [];
  const { look } = run;
  if (step.room === 'broadcasts') {
    const rows = await look<{ run_id: number | null }[]>`SELECT run_id FROM broadcasts ORDER BY created_ms DESC, id DESC`;
    const runId = rows[Number(step['number'])]?.run_id;
    return runId ? (await standings(look, String(runId), 'cause_id')).map((state) => pair(fault, state)) : [];
  }
  const persons = ['person', 'surviving', 'discarded', 'known'].flatMap((name) =>
    typeof step[name] === 'number' ? [run.places.busy.people[step[name]]!.phone] : [],
  );
  if (!persons.length) return (await standings(look)).map((state) => pair(fault, state));
  const contacts = await look<{ contact_id: number }[]>`
    SELECT DISTINCT contact_id FROM identities WHERE value = ANY(${persons}::text[])`;
  const ids = contacts.map(({ contact_id }) => contact_id);
  return (await standings(look, [-1, ...ids].join())).map((state) => pair(fault, state));
}

/** What receipts meet: the state of what they are about. */
export async function meetsOfReceipts(look: Sql, receipts: readonly Receipt[]): Promise<string[]> {
  const met: string[] = [];
  for (const { ref, state } of receipts) {
    const key = fromRef(ref ?? '');
    if (!key) continue;
    const { contactId, causeId, seq } = key;
    const standing = await standings(look, `(${contactId}, ${causeId}, ${seq})`, 'contact_id, cause_id, seq');
    for (const one of standing) met.push(pair(`receipt ${state}`, one));
  }
  return met;
}

/** States of those whose columns are one of `among`; of all, without. */
async function standings(look: Sql, among?: string, columns = 'contact_id'): Promise<string[]> {
  const where = among === undefined ? '' : `AND (${columns}) IN (${among})`;
  const rows = await look.unsafe<{ state: StateCode | null; flying: boolean }[]>(`
    SELECT DISTINCT state, false flying FROM deliveries WHERE true ${where}
    UNION
    SELECT DISTINCT NULL::smallint, EXISTS (
      SELECT 1 FROM flights f WHERE f.kind = 1 AND d.contact_id = ANY(f.owner_ids) AND d.cause_id = ANY(f.cause_ids)
    ) FROM (SELECT owner_id contact_id, cause_id, seq FROM due WHERE kind = 1) d WHERE true ${where}`);
  return rows.map(({ state, flying }) => (state === null ? (flying ? 'in flight' : 'due') : stateName(state)));
}
