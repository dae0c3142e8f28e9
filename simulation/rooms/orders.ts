/** Orders: told, told twice, told many at a time, paid, taken back; and the texts about them, which are switched off and on. */
import { changeOrder, createOrders, removeOrder, type Telling } from '../../src/orders/orders.ts';
import { writeText } from '../../src/orders/alerts.ts';
import type { OrderRead } from '../../src/orders/given.ts';
import { auditCampaigns } from '../../src/campaigns/report/audit.ts';
import { isFault } from '../../src/base/fault.ts';
import type { Player } from '../player.ts';
import type { Run, Step } from '../run.ts';
import { must } from '../world.ts';
import { leftInCampaigns } from './campaigns.ts';
import { leftOfErased } from './erased.ts';
import type { RoomPlay } from './room.ts';

/** References are few, so that one is told again. */
const REFERENCES = 9;
const FOLLOW_UP_AFTER = '2h';

type Order = { person: number; reference: number; paid: boolean };

export const orders: RoomPlay = {
  name: 'orders',
  isApart: true,
  steps: [
    {
      what: 'create',
      weight: 18,
      draw: (draws) => ({
        person: draws.between('who buys', 0, 23),
        reference: draws.between('reference', 0, REFERENCES - 1),
        paid: draws.happens('paid', 0.6),
        twice: draws.happens('order told twice at once', 0.3),
      }),
    },
    { what: 'bulk', weight: 3, draw: (draws) => ({ first: draws.between('first of the bulk', 0, 15) }) },
    { what: 'pay', weight: 6, draw: (draws) => ({ reference: draws.between('reference paid', 0, REFERENCES - 1) }) },
    { what: 'delete', weight: 3, draw: (draws) => ({ reference: draws.between('reference gone', 0, REFERENCES - 1) }) },
    { what: 'texts', weight: 2, draw: (draws) => ({ on: draws.happens('texts are on', 0.5) }) },
  ],
  async furnish(run) {
    await setTexts(run, true);
  },
  perform,
  async heal(run) {
    await setTexts(run, true);
  },
  async check(run) {
    return [
      ...(await auditCampaigns(run.look, run.places.busy.id)).breaks,
      ...(await leftInCampaigns(run)),
      ...(await misnamed(run)),
      ...(await mistold(run)),
      ...(await toldOfNothing(run)),
      ...(await leftOfErased(run, ['orders', 'enrolments', 'timers', 'campaign_entries', 'campaign_sends'])),
    ];
  },
  standings: { among: ['not there', 'unpaid', 'paid', 'text waits', 'not told yet'], of: standing },
};

/** How the order of a reference stands, or all do. */
async function standing({ look }: Run, step: Step | undefined): Promise<string[]> {
  const reference = typeof step?.['reference'] === 'number' ? `r${step['reference']}` : null;
  const rows = await look<{ paid: boolean; waits: boolean }[]>`
    SELECT DISTINCT o.paid_us IS NOT NULL paid, EXISTS (
      SELECT FROM enrolments e WHERE e.contact_id = o.contact_id AND (e.trigger -> 'properties' ->> 'order')::bigint = o.id) waits
    FROM orders o WHERE ${reference}::text IS NULL OR o.reference = ${reference}::text`;
  const [untold] = await look<{ n: number }[]>`SELECT count(*)::int n FROM feed WHERE type LIKE 'order.%'`;
  return [
    ...(rows.length ? rows.map(({ paid, waits }) => (waits ? 'text waits' : paid ? 'paid' : 'unpaid')) : ['not there']),
    ...(untold!.n ? ['not told yet'] : []),
  ];
}

async function perform(run: Run, step: Step): Promise<unknown> {
  switch (step.what) {
    case 'create': {
      const asked = step as Step & Order & { twice: boolean };
      // Two who tell it at once: one of them is told that it is there.
      const told = [create(run, [asked]), ...(asked.twice ? [create(run, [asked])] : [])];
      return await Promise.all(told);
    }
    case 'bulk':
      return await create(run, bulkOf(Number(step['first'])));
    case 'texts':
      return await setTexts(run, step['on'] === true);
    default:
      return await change(run, step);
  }
}

/** People one after the other, of whom two name the same reference. */
function bulkOf(first: number): Order[] {
  return [0, 1, 2, 3].map((i) => ({ person: first + i, reference: (first + (i % 3)) % REFERENCES, paid: i > 0 }));
}

function tellingOf(run: Run, { ctx }: Player): Telling {
  let last = 0;
  return {
    workspaceId: run.places.busy.id,
    clientId: 0,
    source: 'console',
    currency: 'USD',
    referencesOnce: true,
    clockAheadMs: 0,
    nowUs: () => (last = Math.max(last + 1, ctx.clock.nowMs() * 1000)),
    path: (field) => field,
  };
}

/** How many of them were taken. */
async function create(run: Run, told: readonly Order[]): Promise<number> {
  const door = run.door();
  const telling = tellingOf(run, door);
  const made = await door.ctx.queue.transact((tx) =>
    createOrders(
      door.ctx,
      tx,
      told.map(({ person, reference, paid }) => {
        const read: OrderRead = {
          dates: paid ? { paid: telling.nowUs() } : {},
          profilePhone: run.places.busy.people[person]!.phone,
          reference: `r${reference}`,
          totalCents: 1_000,
        };
        return { telling, read };
      }),
    ),
  );
  return made.filter((one) => !isFault(one)).length;
}

/** Changes or takes back the order of a reference, when there is one. */
async function change(run: Run, { what, reference }: Step): Promise<number | undefined> {
  const door = run.door();
  const { ctx } = door;
  const telling = tellingOf(run, door);
  const named = { whose: { workspaceId: telling.workspaceId }, name: { reference: `r${String(reference)}` } };
  const done = await ctx.queue.transact((tx) =>
    what === 'pay'
      ? changeOrder(ctx, tx, telling, named, { dates: { paid: telling.nowUs() } })
      : removeOrder(ctx, tx, { ...named, atUs: telling.nowUs() }),
  );
  return isFault(done) ? undefined : done.id;
}

async function setTexts(run: Run, on: boolean): Promise<void> {
  const { ctx } = run.door();
  const { id } = run.places.busy;
  await ctx.queue.transact(async (tx) => {
    const nowMs = ctx.clock.nowMs();
    for (const [which, delay] of [['alert', '0m'], ['followUp', FOLLOW_UP_AFTER]] as const)
      must(await writeText(ctx, tx, id, which, { on, delay }, nowMs));
  });
}

/** A reference names one order, and an order that is there. */
async function misnamed({ look }: Run): Promise<string[]> {
  const many = await look<{ reference: string; n: number }[]>`
    SELECT reference, count(*)::int n FROM orders WHERE reference IS NOT NULL GROUP BY 1 HAVING count(*) > 1`;
  const amiss = await look<{ id: number | null; of: number | null }[]>`
    SELECT o.id, r.order_id "of" FROM orders o FULL JOIN order_references r ON r.order_id = o.id
    WHERE (o.id IS NULL OR r.order_id IS NULL)`;
  return [
    ...many.map(({ reference, n }) => `${n} orders have the reference ${reference}`),
    ...amiss.map(({ id, of }) => (id === null ? `a reference names ${of}, which is gone` : `order ${id} is not found by its reference`)),
  ];
}

/** Of an order that is paid it is told once; and once at least, when texts were never off and nobody took anybody away. */
async function mistold(run: Run): Promise<string[]> {
  const rows = await run.look<{ order: number; key: string; n: number }[]>`
    SELECT (e.trigger -> 'properties' ->> 'order')::bigint "order", c.key, count(*)::int n
    FROM campaign_entries e JOIN campaigns c ON c.id = e.campaign_id AND c.key LIKE 'order-%' GROUP BY 1, 2`;
  const twice = rows.filter(({ n }) => n > 1).map(({ order, key, n }) => `order ${order} entered ${key} ${n} times`);
  if (run.done.some(({ step }) => /texts|erase|merge/.test(step.what))) return twice;
  const paid = await run.look<{ id: number }[]>`SELECT id FROM orders WHERE paid_us IS NOT NULL`;
  const told = new Set(rows.filter(({ key }) => key === 'order-alert').map(({ order }) => order));
  return [...twice, ...paid.filter(({ id }) => !told.has(id)).map(({ id }) => `order ${id} is paid, and nobody was told`)];
}

/** Nobody is asked how they like what was taken back before. */
async function toldOfNothing(run: Run): Promise<string[]> {
  const rows = await run.look<{ order: number; at_ms: number }[]>`
    SELECT (e.trigger -> 'properties' ->> 'order')::bigint "order", s.at_ms FROM campaign_sends s
    JOIN campaigns c ON c.id = s.campaign_id AND c.key = 'order-follow-up'
    JOIN campaign_entries e ON e.contact_id = s.contact_id AND e.enrolment_id = s.enrolment_id`;
  return run.done.flatMap(({ step, state, result, atMs }) =>
    step.room === 'orders' && step.what === 'delete' && state === 'done'
      ? rows
          .filter(({ order, at_ms }) => order === result && at_ms > atMs)
          .map(({ order, at_ms }) => `order ${order} was asked about ${Math.round((at_ms - atMs) / 1000)} s after it was taken back`)
      : [],
  );
}
