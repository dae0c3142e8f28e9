/** Settings that change while messages are on their way, and the caps and hours that hold all the same. */
import { updateWorkspace } from '../../src/accounts/workspaces.ts';
import { fromRef, toRef } from '../../src/ledger/ref.ts';
import type { Run } from '../run.ts';
import { must } from '../world.ts';
import type { RoomPlay } from './room.ts';

/** What a workspace's rules may be set to; null takes a rule away. */
export type Rules = {
  quietHours?: { from: string; to: string } | null;
  frequencyCap?: { most: number; perHours: number } | null;
};

export const workspaces: RoomPlay = {
  name: 'workspaces',
  steps: [
    {
      what: 'quiet hours',
      weight: 1,
      draw: (draws) => ({ quietHours: draws.happens('none', 0.3) ? null : { from: '20:00', to: '07:30' } }),
    },
    {
      what: 'cap',
      weight: 1,
      draw: (draws) => ({
        frequencyCap: draws.happens('no cap', 0.3) ? null : { most: draws.between('new cap', 1, 3), perHours: CAP_HOURS },
      }),
    },
  ],
  async perform(run, { what, quietHours, frequencyCap }) {
    const { ctx } = run.door();
    const { id } = run.places.busy;
    const settings = (what === 'cap' ? { frequencyCap } : { quietHours }) as Rules;
    must(await updateWorkspace(ctx.sql, { id, settings, nowMs: ctx.clock.nowMs() }));
    ctx.directory.forget(id);
  },
  async check(run) {
    const calls = await marketingCalls(run);
    return [...overCap(run, calls), ...inQuietHours(run, calls)];
  },
};

/** Caps of a run are of so many hours. */
export const CAP_HOURS = 24;
/** What workers know of a workspace is so old at most, and a call takes a moment from there, ms. */
const STALE_MS = 5_000;

type Ruled = Rules & { fromMs: number; toMs: number };

/** Rules as they were, one after the other; each until what changed it was begun, or was over: both hold meanwhile. */
export function rulesOver(run: Run): Ruled[] {
  const all: Ruled[] = [{ ...run.rules, fromMs: 0, toMs: Infinity }];
  for (const { step, state, atMs, begunMs } of run.done) {
    if (step.room !== 'workspaces' || state === 'refused') continue;
    const last = all.at(-1)!;
    const change: Rules =
      step.what === 'cap'
        ? { frequencyCap: step['frequencyCap'] as Rules['frequencyCap'] & object }
        : { quietHours: step['quietHours'] as Rules['quietHours'] & object };
    // Whoever asked and died may have changed it, or not.
    last.toMs = state === 'open' ? Infinity : atMs + STALE_MS;
    all.push({ ...last, ...change, fromMs: begunMs, toMs: Infinity });
  }
  return all;
}

/** Messages of the busy workspace's marketing as they first left. */
type Call = { to: string; contactId: number; causeId: number; atMs: number };

async function marketingCalls({ look, places, books }: Run): Promise<Call[]> {
  const rows = await look<{ cause_id: number; contact_id: number; seq: number }[]>`
    SELECT cause_id, contact_id, seq FROM deliveries WHERE workspace_id = ${places.busy.id} AND class = 2`;
  const marketing = new Set(
    rows.map((row) => toRef({ contactId: row.contact_id, causeId: row.cause_id, seq: row.seq })),
  );
  const first = new Map<string, Call>();
  for (const { ref, to, atMs } of books.begun) {
    const key = fromRef(ref);
    if (!key || !marketing.has(ref)) continue;
    const { contactId, causeId } = key;
    const known = `${contactId}.${causeId}`;
    if (!first.has(known)) first.set(known, { to, contactId, causeId, atMs });
  }
  return [...first.values()];
}

/** In no stretch of the cap's time did somebody get marketing of more causes than the loosest cap of then allows. */
function overCap(run: Run, calls: readonly Call[]): string[] {
  const rules = rulesOver(run);
  const mostAt = (atMs: number) =>
    Math.max(
      ...rules
        .filter(({ fromMs, toMs }) => fromMs <= atMs && atMs <= toMs)
        .map(({ frequencyCap }) => frequencyCap?.most ?? Infinity),
    );
  const windowMs = CAP_HOURS * 3600_000 - 60_000;
  const taken = new Set(run.books.taken.map(({ ref }) => ref.slice(0, ref.lastIndexOf('.'))));
  const got = calls.filter(({ contactId, causeId }) => taken.has(`${causeId.toString(36)}.${contactId.toString(36)}`));
  return [...Map.groupBy(got, ({ contactId }) => contactId).values()].flatMap((own) => {
    const sorted = own.toSorted((a, b) => a.atMs - b.atMs);
    return sorted.flatMap(({ to, atMs }, i) => {
      const within = sorted.slice(0, i + 1).filter((earlier) => earlier.atMs > atMs - windowMs).length;
      return within > mostAt(atMs) ? [`${to} got ${within} in ${CAP_HOURS} h under a cap of ${mostAt(atMs)}`] : [];
    });
  });
}

/** Nothing that is marketing begins in hours that were quiet by all the rules of then. Who has moved to another zone is let be. */
function inQuietHours(run: Run, calls: readonly Call[]): string[] {
  const rules = rulesOver(run);
  const moved = new Set(
    run.done.flatMap(({ step }) =>
      step.what === 'edit' ? [run.places.busy.people[Number(step['person'])]!.phone] : step.what === 'merge' ? [run.places.busy.people[Number(step['surviving'])]!.phone, run.places.busy.people[Number(step['discarded'])]!.phone] : [],
    ),
  );
  const mails = new Map(run.places.busy.people.map(({ phone, email }) => [email, phone]));
  return calls.flatMap(({ to, atMs }) => {
    const inForce = rules.filter(({ fromMs, toMs }) => fromMs <= atMs && atMs <= toMs);
    const quiet = inForce.every(({ quietHours }) => quietHours && isQuiet(quietHours, atMs - STALE_MS) && isQuiet(quietHours, atMs));
    return quiet && !moved.has(mails.get(to) ?? to)
      ? [`marketing to ${to} left at ${new Date(atMs).toISOString().slice(11, 19)}, in quiet hours`]
      : [];
  });
}

/** Whether it is quiet on a wall in UTC. */
export function isQuiet({ from, to }: { from: string; to: string }, atMs: number): boolean {
  const wall = new Date(atMs).toISOString().slice(11, 16);
  return from <= to ? wall >= from && wall < to : wall >= from || wall < to;
}
