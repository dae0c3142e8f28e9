/**
 * Orders in a connected account through the Shout door, from outside: one a call, and 500 a call as a backfill; beside each the floor, the
 * same rows written by bare statements on a Postgres of its own. What is told of them is taken by the lanes meanwhile, as it is.
 */
import { Pool } from 'undici';
import { parleyArguments, profiled, timed, type Bench, type ParleyChild } from './bench.ts';
import type { EventFloorCommands } from './eventFloor.ts';
import { inParallel } from './load.ts';
import { sharedMs } from './measure.ts';
import type { ParleyCommands } from './parleyProcess.ts';

const CONNECTIONS = 32;
const FOR_MS = 5_000;
const PEOPLE = 50_000;
const A_CALL = 500;

type Line = { what: string; path: string; each: number; body: (n: number) => object };

const LINES: readonly Line[] = [
  { what: 'order, single', path: '/orders', each: 1, body: (n) => ({ order: order(n, false) }) },
  {
    what: `orders, ${A_CALL} a call`,
    path: '/orders/batch',
    each: A_CALL,
    body: (n) => ({ orders: Array.from({ length: A_CALL }, (_, i) => order(n * A_CALL + i, true)) }),
  },
];

/** Adds both lines. */
export async function measureOrders(bench: Bench): Promise<void> {
  const floor = await bench.start<EventFloorCommands>('./eventFloor.ts', [`${bench.folder}/orderFloor`]);
  const floors: Record<number, number> = {};
  for (const each of [1, A_CALL]) {
    await floor.ask('run', { each, forMs: FOR_MS / 5, people: PEOPLE, what: 'orders' });
    const { rows, ms } = await floor.ask('run', { each, forMs: FOR_MS, people: PEOPLE, what: 'orders' });
    floors[each] = (rows / ms) * 1000;
  }
  await floor.stop();
  const child = await bench.start<ParleyCommands>('./parleyProcess.ts', parleyArguments(bench, 'orders'));
  const account = await child.ask('makeConnected');
  for (const line of LINES) {
    // A process that has just started is slow.
    await flood(account, line, FOR_MS / 5);
    await child.ask('untilTaken');
    await profiled(bench, child, line.what, () => measure(bench, child, account, line, floors[line.each]!));
  }
  await child.stop();
}

type Account = { url: string; token: string; connectId: string };

async function measure(bench: Bench, child: ParleyChild, account: Account, line: Line, floorPerS: number) {
  const { rate } = await timed(bench, child.pid, line.what, 0, async () => {
    const { taken, ms } = await flood(account, line, FOR_MS);
    await child.ask('untilTaken');
    return { ms, count: taken };
  });
  bench.found.orders.push({ ...rate, floorPerS });
}

/** Calls over all connections for so long; returns how many orders were taken. */
async function flood({ url, token, connectId }: Account, { path, each, body }: Line, forMs: number) {
  const pool = new Pool(url, { connections: CONNECTIONS, pipelining: 1 });
  const headers = {
    authorization: `Bearer ${token}`,
    'x-shout-connect-id': connectId,
    'content-type': 'application/json',
  };
  const fromMs = sharedMs();
  let taken = 0;
  await inParallel(CONNECTIONS, CONNECTIONS, async () => {
    while (sharedMs() - fromMs < forMs) {
      const answer = await pool.request({
        path,
        method: 'POST',
        headers,
        body: JSON.stringify(body(made++)),
      });
      const text = await answer.body.text();
      if (answer.statusCode > 201) throw new Error(`${path} answered ${answer.statusCode}: ${text}`);
      taken += each;
    }
  });
  const ms = sharedMs() - fromMs;
  await pool.close();
  return { taken, ms };
}

let made = 0;

function order(n: number, isPast: boolean) {
  const at = isPast ? '2023-06-21T22:06:02-06:00' : 'now';
  return {
    invoiced_at: at,
    paid_at: at,
    description: 'Order from Ecommerce Site',
    profile_name: `Ann ${n % PEOPLE}`,
    profile_phone_number: `+1555${1_000_000 + ((n * 7919) % PEOPLE)}`,
    reference_id: `${isPast ? 'past' : 'live'}-${n}`,
    line_items: [{ name: 'Tank Top', each_price_cents: 3500, quantity: 2, price_cents: 7000 }],
    total_cents: 16800,
    dont_trigger_auto_actions: isPast,
  };
}
