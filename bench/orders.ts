/**
 * Orders in a connected account through the Shout door, from outside: one a call, and 500 a call as a backfill; beside each the floor, the
 * same rows written by bare statements on a Postgres of its own. What is told of them is taken by the lanes meanwhile, as it is.
 */
import { parleyArguments, type Bench } from './bench.ts';
import { floorsOf, measureFlood, type FloodLine } from './flood.ts';
import type { ParleyCommands } from './parleyProcess.ts';

const PEOPLE = 50_000;
const A_CALL = 500;

const LINES: readonly FloodLine[] = [
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
  const floors = await floorsOf(bench, 'orderFloor', { people: PEOPLE, what: 'orders' }, [1, A_CALL]);
  const child = await bench.start<ParleyCommands>('./parleyProcess.ts', parleyArguments(bench, 'orders'));
  const { url, token, connectId } = await child.ask('makeConnected');
  const headers = { authorization: `Bearer ${token}`, 'x-shout-connect-id': connectId };
  const to = { url, headers, mostStatus: 201 };
  for (const line of LINES) {
    await measureFlood(bench, child, to, line, (rate) =>
      bench.found.orders.push({ ...rate, floorPerS: floors[line.each]! }),
    );
  }
  await child.stop();
}

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
