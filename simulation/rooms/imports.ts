/** Files of contacts: people who are there already, people who are new, and rows that are no good. */
import { Readable } from 'node:stream';
import { importContacts, type ImportResult } from '../../src/contacts/imports/import.ts';
import type { Run, Step } from '../run.ts';
import { must } from '../world.ts';
import type { RoomPlay } from './room.ts';

type File = { known: number; fresh: number; bad: number };

export const imports: RoomPlay = {
  name: 'imports',
  steps: [
    {
      what: 'file',
      weight: 3,
      draw: (draws) => ({
        known: draws.between('known in the file', 0, 19),
        fresh: draws.between('first of the file', 0, 90) * 5,
        bad: draws.between('bad rows', 0, 2),
      }),
    },
  ],
  perform: (run, step) => file(run, step as Step & File),
  check: async (run) => [...miscounted(run), ...(await missing(run))],
};

const FRESH = 5;

function phonesOf({ fresh }: File): string[] {
  return Array.from({ length: FRESH }, (_, i) => `+1557${String(2_000_000 + fresh + i)}`);
}

async function file(run: Run, step: Step & File): Promise<ImportResult> {
  const { ctx } = run.door();
  const { id: workspaceId, people } = run.places.busy;
  const rows = [
    'phone,email,givenName',
    ...phonesOf(step).map((phone) => `${phone},,Bob`),
    `${people[step.known]!.phone},${people[step.known]!.email},Cleo`,
    ...Array.from({ length: step.bad }, () => 'not a number,,Nobody'),
  ];
  const deps = { sql: ctx.sql, transact: ctx.queue.transact, ids: ctx.ids, nowMs: () => ctx.clock.nowMs() };
  return must(await importContacts(deps, Readable.from([Buffer.from(rows.join('\n'))]), { workspaceId }));
}

function filesOf(run: Run): { step: Step & File; result: ImportResult }[] {
  return run.done.flatMap(({ step, state, result }) =>
    step.room === 'imports' && state === 'done' ? [{ step: step as Step & File, result: result as ImportResult }] : [],
  );
}

function miscounted(run: Run): string[] {
  return filesOf(run).flatMap(({ step, result: { rows, created, updated, rejected } }) =>
    rows === FRESH + 1 + step.bad && rejected === step.bad && created + updated === FRESH + 1
      ? []
      : [`a file of ${FRESH + 1 + step.bad} rows was told as ${rows} rows, ${created} + ${updated} + ${rejected}`],
  );
}

/** Who was in a file that was taken is there, once. Nobody erases or merges them. */
async function missing(run: Run): Promise<string[]> {
  const phones = [...new Set(filesOf(run).flatMap(({ step }) => phonesOf(step)))];
  const rows = await run.look<{ value: string; n: number }[]>`
    SELECT value, count(DISTINCT contact_id)::int n FROM identities
    WHERE workspace_id = ${run.places.busy.id} AND kind = 'phone' AND value = ANY(${phones}::text[]) GROUP BY 1`;
  const found = new Map(rows.map(({ value, n }) => [value, n]));
  return phones
    .filter((phone) => found.get(phone) !== 1)
    .map((phone) => `${phone} was imported and is ${found.get(phone) ?? 0} contacts`);
}
