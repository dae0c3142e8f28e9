/** Broadcasts: started, scheduled, paused, resumed, called off, with every audience that a workspace has. */
import {
  cancelBroadcast,
  createBroadcast,
  pauseBroadcast,
  resumeBroadcast,
  startBroadcast,
} from '../../src/broadcasts/broadcasts.ts';
import { fromRef, toRef } from '../../src/ledger/ref.ts';
import { LANES } from '../databases.ts';
import { KINDS, type Kind } from '../providers.ts';
import type { Done, Run, Step } from '../run.ts';
import { must } from '../world.ts';
import type { RoomPlay } from './room.ts';

type Start = { class: 'marketing' | 'transactional'; by: Kind; afterMs: number | undefined; ratePerS: number | undefined };

/** What is done to a broadcast: to the newest, the one before, … */
type Change = { number: number };

export const broadcasts: RoomPlay = {
  name: 'broadcasts',
  steps: [
    {
      what: 'start',
      weight: 6,
      draw: (draws) => ({
        class: draws.happens('transactional broadcast', 0.3) ? 'transactional' : 'marketing',
        by: draws.one('broadcast by', KINDS),
        afterMs: draws.happens('scheduled', 0.2) ? draws.between('scheduled for', 5_000, 3_600_000) : undefined,
        ratePerS: draws.happens('has a rate', 0.3) ? draws.between('rate', 16, 160) : undefined,
      }),
    },
    ...(['pause', 'resume', 'cancel'] as const).map((what) => ({
      what,
      weight: what === 'cancel' ? 2 : 3,
      draw: (draws: Parameters<NonNullable<RoomPlay['steps'][number]['draw']>>[0]) => ({
        number: draws.between('which broadcast', 0, 2),
      }),
    })),
  ],
  perform(run, step) {
    return step.what === 'start' ? start(run, step as Step & Start) : change(run, step as Step & Change);
  },
  async heal(run) {
    const { ctx } = run.door();
    const paused = await ctx.sql<{ id: number }[]>`SELECT id FROM broadcasts WHERE state = 'paused'`;
    for (const { id } of paused)
      await ctx.queue.transact(async (tx) => {
        must(await resumeBroadcast(ctx.broadcasts, tx, run.places.busy.id, id, ctx.clock.nowMs()));
      });
  },
  async check(run) {
    return [
      ...(await unended(run)),
      ...(await miscounted(run)),
      ...(await incomplete(run)),
      ...(await tooFast(run)),
      ...(await unclearUnbegun(run)),
      ...(await leftAfterAll(run)),
    ];
  },
};

async function start(run: Run, step: Step & Start): Promise<{ id: number }> {
  const { ctx } = run.door();
  const place = run.places.busy;
  return await ctx.queue.transact(async (tx) => {
    const nowMs = ctx.clock.nowMs();
    const { id } = must(
      await createBroadcast(
        ctx.broadcasts,
        tx,
        place.id,
        {
          name: 'a broadcast',
          channel: step.by === 'batch' ? 'email' : 'sms',
          class: step.class,
          integrationId: place.integrations[step.by],
          audience: { include: { all: true } },
          content:
            step.by === 'batch'
              ? { type: 'text', subject: 'News', text: 'Hi {{ contact.givenName | default: "you" }}' }
              : { type: 'text', text: 'Hi {{ contact.givenName | default: "you" }}' },
          ...(step.ratePerS === undefined ? {} : { ratePerS: step.ratePerS }),
        },
        nowMs,
      ),
    );
    must(
      await startBroadcast(
        ctx.broadcasts,
        tx,
        place.id,
        id,
        nowMs,
        step.afterMs === undefined ? undefined : nowMs + step.afterMs,
      ),
    );
    return { id };
  });
}

async function change(run: Run, { what, number }: Step & Change): Promise<{ id: number } | undefined> {
  const { ctx } = run.door();
  const place = run.places.busy;
  const rows = await ctx.sql<{ id: number }[]>`SELECT id FROM broadcasts ORDER BY created_ms DESC, id DESC`;
  const id = rows[number]?.id;
  if (id === undefined) return undefined;
  const act = { pause: pauseBroadcast, resume: resumeBroadcast, cancel: cancelBroadcast }[what]!;
  await ctx.queue.transact(async (tx) => {
    must(await act(ctx.broadcasts, tx, place.id, id, ctx.clock.nowMs()));
  });
  return { id };
}

async function unended(run: Run): Promise<string[]> {
  const rows = await run.look<{ id: number; state: string }[]>`
    SELECT id, state FROM broadcasts WHERE state NOT IN ('done', 'canceled', 'draft')`;
  return rows.map(({ id, state }) => `broadcast ${id} is ${state} for ever`);
}

/** The tallies are what a count of the rows would say. */
async function miscounted({ look }: Run): Promise<string[]> {
  const rows = await look<{ run_id: number; state: number; tallied: number; counted: number }[]>`
    SELECT b.run_id, s.state, coalesce(t.n, 0)::int tallied, coalesce(c.n, 0)::int counted
    FROM broadcasts b
    CROSS JOIN (VALUES (1), (3), (4), (5), (6), (10), (11), (12)) s (state)
    LEFT JOIN (SELECT cause_id, state, sum(n) n FROM tallies GROUP BY 1, 2) t ON t.cause_id = b.run_id AND t.state = s.state
    LEFT JOIN (SELECT cause_id, state, count(*) n FROM deliveries GROUP BY 1, 2) c
      ON c.cause_id = b.run_id AND c.state = s.state
    WHERE b.run_id IS NOT NULL AND coalesce(t.n, 0) <> coalesce(c.n, 0)`;
  return rows.map(
    ({ run_id, state, tallied, counted }) =>
      `run ${run_id}: ${tallied} tallied in state ${state}, ${counted} counted`,
  );
}

/**
 * Whoever was matched has an outcome: a row, or, of those taken out before anything was said of them, a count. Who has several devices
 * has a row for each; those beyond the first stand, below 0, as if queued (ledger/onward.ts).
 */
async function incomplete({ look }: Run): Promise<string[]> {
  const rows = await look<{ run_id: number; state: string; matched: number; rows: number; canceled: number; tallied: number; added: number }[]>`
    SELECT b.run_id, b.state, coalesce(m.n, 0)::int matched, coalesce(d.n, 0)::int rows,
           coalesce(d.canceled, 0)::int canceled, coalesce(t.n, 0)::int tallied,
           coalesce(a.n, 0)::int added
    FROM broadcasts b
    LEFT JOIN (SELECT run_id, sum(matched) n FROM broadcast_lanes GROUP BY 1) m ON m.run_id = b.run_id
    LEFT JOIN (SELECT cause_id, count(*) n, count(*) FILTER (WHERE state = 13) canceled FROM deliveries GROUP BY 1) d
      ON d.cause_id = b.run_id
    LEFT JOIN (SELECT cause_id, -sum(n) n FROM tallies WHERE state = 0 GROUP BY 1) a ON a.cause_id = b.run_id
    LEFT JOIN (SELECT cause_id, sum(n) n FROM tallies WHERE state = 13 GROUP BY 1) t ON t.cause_id = b.run_id
    WHERE b.run_id IS NOT NULL`;
  return rows
    .filter((one) => one.matched + one.added !== one.rows - one.canceled + one.tallied)
    .map((one) => `run ${one.run_id} (${one.state}): ${JSON.stringify(one)} do not add up`);
}

/** Calls of a run, and of a provider, within so long, against what its rate allows; two workers may each begin with a full bucket. */
const RATE_OVER_MS = 5_000;

async function tooFast(run: Run): Promise<string[]> {
  const rows = await run.look<{ run_id: number; rate_per_s: number }[]>`
    SELECT run_id, rate_per_s FROM broadcasts WHERE run_id IS NOT NULL AND rate_per_s IS NOT NULL`;
  return rows.flatMap(({ run_id, rate_per_s }) => {
    const own = run.books.begun.filter(({ ref }) => fromRef(ref)?.causeId === run_id);
    // A run's rate is shared out over 32 lanes; there are fewer here (databases.ts).
    const ratePerS = (rate_per_s * LANES) / 32;
    const most = ratePerS * (RATE_OVER_MS / 1000 + 2 * 0.25) * 1.5 + 6;
    const fastest = own.reduce(
      (max, { atMs }) => Math.max(max, own.filter((one) => one.atMs >= atMs && one.atMs < atMs + RATE_OVER_MS).length),
      0,
    );
    return fastest > most ? [`run ${run_id}: ${fastest} in ${RATE_OVER_MS} ms at ${ratePerS}/s`] : [];
  });
}

/**
 * A death may leave so many unclear that had not begun: what was written down ahead of few places (senders/ahead.ts), before each provider.
 * Of one that takes twenty in a call it would be as many times more, so those are let be.
 */
const UNBEGUN_PER_DEATH = 6;

/** Unclear is what had begun by then, and little more. */
async function unclearUnbegun(run: Run): Promise<string[]> {
  const rows = await run.look<{ cause_id: number; contact_id: number; seq: number; told_ms: number }[]>`
    SELECT d.cause_id, d.contact_id, d.seq, t.told_ms
    FROM deliveries d JOIN broadcasts b ON b.run_id = d.cause_id CROSS JOIN LATERAL (
      SELECT min((step ->> 'atMs')::bigint) told_ms FROM jsonb_array_elements(d.trail) step WHERE step::text LIKE '%worker_died%') t
    WHERE t.told_ms IS NOT NULL AND d.integration_id <> ${run.places.busy.integrations.batch}`;
  const begunMs = new Map(run.books.begun.toReversed().map(({ ref, atMs }) => [ref, atMs]));
  const unbegun = rows.filter(({ cause_id, contact_id, seq, told_ms }) => {
    const first = begunMs.get(toRef({ causeId: cause_id, contactId: contact_id, seq }));
    return first === undefined || first > told_ms;
  });
  const deaths = run.done.filter(({ step }) => /^(kill|stop|sleep|cut|lose)/.test(step.what)).length;
  return unbegun.length > UNBEGUN_PER_DEATH * deaths
    ? [`${unbegun.length} are unclear that had not begun, after ${deaths} deaths`]
    : [];
}

/** What a person sees as "paused" or "called off" may be so long in coming true, ms. */
const SOON_MS = 1_000;

/** Nothing begins while a broadcast is paused, nor after it was called off. */
async function leftAfterAll(run: Run): Promise<string[]> {
  const rows = await run.look<{ id: number; run_id: number }[]>`
    SELECT id, run_id FROM broadcasts WHERE run_id IS NOT NULL`;
  const runOf = new Map(rows.map(({ id, run_id }) => [id, run_id]));
  return run.done.flatMap((done) => {
    const { step, state, atMs } = done;
    if (step.room !== 'broadcasts' || state !== 'done' || !/pause|cancel/.test(step.what)) return [];
    const id = idOf(done);
    const runId = runOf.get(id ?? 0);
    if (runId === undefined) return [];
    const untilMs = step.what === 'cancel' ? Infinity : resumedMs(run, done);
    return run.books.begun
      .filter(({ ref, atMs: beganMs }) => {
        const key = fromRef(ref);
        // What was sent and goes another way since it was not read is no part of what was paused.
        const isOfRun = key?.causeId === runId && (step.what === 'cancel' || key.seq === 0);
        return isOfRun && beganMs > atMs + SOON_MS && beganMs < untilMs - SOON_MS;
      })
      .map(({ to }) => `run ${runId}: a message to ${to} left after ${step.what}`);
  });
}

function idOf({ result }: Done): number | undefined {
  return (result as { id?: number } | undefined)?.id;
}

/** When what was paused may go on: a resume is begun, also one of which nobody knows what came of it, or all are at the end. */
function resumedMs({ done, healedMs }: Run, paused: Done): number {
  const resumes = done.filter((one) => {
    if (one.step.room !== 'broadcasts' || one.step.what !== 'resume') return false;
    if (one.state === 'done') return idOf(one) === idOf(paused) && one.atMs >= paused.begunMs;
    return !String(one.result).startsWith('Error: conflict');
  });
  return Math.min(healedMs, ...resumes.map(({ begunMs }) => begunMs));
}
