/** What people do and what is done to them: replies, stop and start, imports, merges, erasure. */
import { findContact, updateContact } from '../../src/contacts/contacts.ts';
import { resolvePeople } from '../../src/contacts/resolve/resolve.ts';
import { fromRef, toRef } from '../../src/ledger/ref.ts';
import { takeInbound } from '../../src/receipts/receive.ts';
import { erasePerson, mergePeople } from '../../src/people/people.ts';
import type { Run, Step } from '../run.ts';
import { must, personWith } from '../world.ts';
import { erasedForGood, type Erased } from './erased.ts';
import type { RoomPlay } from './room.ts';

type Edit = { person: number; timeZone: string | null };
type Reply = { person: number; text: string; twice: boolean };

export const people: RoomPlay = {
  name: 'people',
  steps: [
    {
      what: 'reply',
      weight: 8,
      draw: (draws) => ({
        person: draws.between('who replies', 0, 23),
        text: draws.weighted('reply', [
          [5, 'thanks'],
          [3, 'STOP'],
          [2, 'START'],
        ] as const),
        twice: draws.happens('reply told twice', 0.2),
      }),
    },
    {
      what: 'edit',
      weight: 2,
      draw: (draws) => ({
        person: draws.between('edited', 0, 19),
        timeZone: draws.one('zone', [null, 'Europe/Berlin', 'America/Los_Angeles', 'Asia/Kolkata'] as const),
      }),
    },
    {
      what: 'merge',
      weight: 1,
      draw: (draws) => ({ surviving: draws.between('surviving', 0, 11), discarded: draws.between('discarded', 12, 19) }),
    },
    { what: 'crowd', scene: 0.15, draw: (draws) => ({ count: draws.between('crowd', 40, 90) }) },
    // The last ones are nobody's target after that, so that whatever still names them is a remnant.
    { what: 'erase', weight: 1, draw: (draws) => ({ person: draws.between('erased', 20, 23) }) },
  ],
  async perform(run, step) {
    switch (step.what) {
      case 'reply':
        return await reply(run, step as Step & Reply);
      case 'edit':
        return await edit(run, step as Step & Edit);
      case 'crowd':
        return await crowd(run, Number(step['count']));
      case 'merge':
        return await merge(run, Number(step['surviving']), Number(step['discarded']));
      default:
        return await erase(run, Number(step['person']));
    }
  },
  async check(run) {
    return [...(await leftAfterStop(run)), ...leftAfterErasing(run), ...(await remnants(run))];
  },
};

async function reply(run: Run, { person, text, twice, atMs }: Step & Reply): Promise<{ phone: string; word: string }> {
  const { busy } = run.places;
  const { phone } = busy.people[person]!;
  const { ctx } = run.door();
  const inbound = { externalId: `in-${atMs}-${person}`, from: phone, to: '+15005550000', text, media: [], raw: {} };
  for (let i = 0; i < (twice ? 2 : 1); i++)
    await takeInbound(ctx, busy.integrations.plain, [inbound]);
  return { phone, word: text };
}

async function edit(run: Run, { person, timeZone }: Step & Edit): Promise<void> {
  const { ctx } = run.door();
  const { id: workspaceId, people: all } = run.places.busy;
  const contact = await findContact(ctx.sql, workspaceId, { kind: 'phone', value: all[person]!.phone });
  if (!contact) return;
  await ctx.queue.transact(async (tx) => {
    must(await updateContact(tx, ctx.clock.nowMs(), { workspaceId, id: contact.id }, { givenName: 'Dora', timeZone }));
  });
}

/** Many more people: nothing is done to them but what is done to all. */
async function crowd(run: Run, count: number): Promise<void> {
  const { ctx } = run.door();
  const { id: workspaceId } = run.places.busy;
  const wanted = Array.from({ length: count }, (_, i) =>
    personWith(workspaceId, { phone: `+1555011${String(i).padStart(4, '0')}`, email: `crowd${i}@people.example` }),
  );
  await ctx.queue.transact(async (tx) => void (await resolvePeople(tx, ctx.ids, ctx.clock.nowMs(), wanted, 'first')));
}

async function merge(run: Run, surviving: number, discarded: number): Promise<void> {
  const { ctx } = run.door();
  const { id: workspaceId, people: all } = run.places.busy;
  const idOf = async (person: number) =>
    (await findContact(ctx.sql, workspaceId, { kind: 'phone', value: all[person]!.phone }))?.id;
  const [survivingId, discardedId] = [await idOf(surviving), await idOf(discarded)];
  if (survivingId === undefined || discardedId === undefined || survivingId === discardedId) return;
  await ctx.queue.transact(async (tx) => {
    must(await mergePeople(ctx, tx, ctx.clock.nowMs(), { workspaceId, survivingId, discardedId }));
  });
}

async function erase(run: Run, person: number): Promise<Erased | undefined> {
  const { ctx } = run.door();
  const { id: workspaceId, people: all } = run.places.busy;
  const { phone } = all[person]!;
  const contact = await findContact(ctx.sql, workspaceId, { kind: 'phone', value: phone });
  if (!contact) return undefined;
  const erased = await ctx.queue.transact(async (tx) => {
    const atMs = ctx.clock.nowMs();
    return await erasePerson(ctx, tx, { workspaceId, contactId: contact.id, atMs, afterCommit: () => {} });
  });
  return { phone, contactIds: [contact.id, ...(erased?.mergedIds ?? [])] };
}

/** What is known to a worker when it begins a call may be so old, ms. */
const STALE_MS = 3_000;

/** After somebody's stop was answered nothing begins from the number it was said to, and no marketing at all, until the start. */
async function leftAfterStop(run: Run): Promise<string[]> {
  const { plain } = run.places.busy.integrations;
  const rows = await run.look<{ contact_id: number; cause_id: number; seq: number }[]>`
    SELECT contact_id, cause_id, seq FROM deliveries WHERE class = 2 OR integration_id = ${plain}`;
  const stopped = new Set(
    rows.map((row) => toRef({ contactId: row.contact_id, causeId: row.cause_id, seq: row.seq })),
  );
  const words = run.done.flatMap(({ step, state, result, atMs }) =>
    step.room === 'people' && step.what === 'reply' && state === 'done'
      ? [{ ...(result as { phone: string; word: string }), atMs }]
      : [],
  );
  return words.flatMap(({ phone, word, atMs }) => {
    if (word !== 'STOP') return [];
    const started = run.done.find(
      ({ step, atMs: laterMs }) =>
        step.what === 'reply' &&
        step['text'] === 'START' &&
        run.places.busy.people[Number(step['person'])]!.phone === phone &&
        laterMs >= atMs,
    );
    const untilMs = started ? started.step.atMs : Infinity;
    const base = run.done[0]!.atMs - run.done[0]!.step.atMs;
    return run.books.begun
      
      .filter(({ ref }) => stopped.has(ref))
      .filter((call) => call.to === phone && call.atMs > atMs + STALE_MS && call.atMs < base + untilMs)
      .map((call) => `a message to ${phone} left ${Math.round((call.atMs - atMs) / 1000)} s after STOP`);
  });
}

/** Who was erased is written to no more. */
function leftAfterErasing(run: Run): string[] {
  return run.done.flatMap(({ step, state, result, atMs }) => {
    if (step.what !== 'erase' || state !== 'done' || !result) return [];
    const { contactIds } = result as Erased;
    return run.books.begun
      .filter((call) => call.atMs > atMs + STALE_MS && contactIds.includes(fromRef(call.ref)?.contactId ?? 0))
      .map((call) => `a message to ${call.to} left ${Math.round((call.atMs - atMs) / 1000)} s after they were erased`);
  });
}

/** No row names who was erased, unless they were written to again. */
async function remnants(run: Run): Promise<string[]> {
  const broken: string[] = [];
  for (const { phone } of erasedForGood(run)) {
    for (const table of await tables(run)) {
      const [row] = await run.look.unsafe<{ n: number }[]>(
        `SELECT count(*)::int n FROM ${table} t WHERE t::text LIKE '%${phone.slice(1)}%'`,
      );
      if (row!.n) broken.push(`${table} names ${phone} in ${row!.n} rows, who was erased`);
    }
  }
  return broken;
}

async function tables({ look }: Run): Promise<string[]> {
  const rows = await look<{ name: string }[]>`
    SELECT c.relname name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1`;
  // A suppression outlives the person: it is what keeps others from writing to them.
  return rows.map(({ name }) => name).filter((name) => name !== 'suppressions');
}
