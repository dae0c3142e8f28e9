/** A Parley process on the stage: the real thing, with a clock, a database, providers and targets of the run's. */
import type { Clock } from '../src/base/clock.ts';
import { readConfig } from '../src/base/config.ts';
import type { Log } from '../src/base/log.ts';
import type { HttpContext } from '../src/doors/kit/context.ts';
import { startParley, type Parley } from '../src/parley.ts';
import type { TakeReceipts } from '../src/channels/adapter.ts';
import { gatherReceipts } from '../src/receipts/gather.ts';
import { takeReceipts, type ReceiveDeps } from '../src/receipts/receive.ts';
import { adaptersFor, DEADLINE_MS, type Books, type ProviderGround } from './providers.ts';
import type { Player as Someone, Stage } from './stage.ts';
import { openStore, type Ground, type Store } from './store.ts';
import { targetsFor, type Told } from './targets.ts';

/** A process that plays. */
export type Player = Someone & {
  store: Store;
  ctx: Context;
  parley: Parley;
  takeReceipts: TakeReceipts;
};

/** What a process has to work with: all that its rooms share, not only what doors see of it. */
type Context = HttpContext & ReceiveDeps;

/** What players are made from. */
export type Cast = Ground &
  ProviderGround & { books: Books; told: Told[]; dataDir: string; log: Log; leaseMs: number; connections: number; spreads: Map<number, number> };

/** As few as will do: work that holds one and waits for another is found by locking up. */
export const CONNECTIONS = 5;

const SECRET = 'the secret of every simulation, long enough';

/** Starts a process; the stage plays until it is up. A worker claims and delivers; the door takes what comes from outside. */
export async function startPlayer(cast: Cast, name: string, role: 'worker' | 'door'): Promise<Player> {
  const someone: Someone = { name, dead: false, asleepUntilMs: 0 };
  const store = openStore(cast, someone);
  const config = readConfig({
    PARLEY_PORT: '0',
    PARLEY_DATA_DIR: cast.dataDir,
    PARLEY_LOG_LEVEL: 'silent',
    PARLEY_SECRET: SECRET,
    PARLEY_DEMO: 'false',
    PARLEY_ROLES: 'worker',
    // Few, so that there is a line before every provider.
    PARLEY_CONCURRENCY: '4',
    PARLEY_LEASE_MS: String(cast.leaseMs),
    PARLEY_PROVIDER_DEADLINE_MS: String(DEADLINE_MS),
    PARLEY_PUBLIC_URL: 'https://parley.example',
    PARLEY_PRIVATE_TARGETS: 'loopback',
    PARLEY_PROBE_PORT: '0',
  });
  if ('faults' in config) throw new Error(config.faults.join('; '));
  let ctx: Context | undefined;
  const starting = startParley(
    { ...config, roles: role === 'worker' ? ['worker'] : [] },
    {
      clock: clockOf(cast.stage, someone),
      log: cast.log,
      store: { sql: store.open(cast.connections, name), aside: store.open(1, `${name} aside`), stop: async () => {} },
      http: targetsFor(cast, cast.told, someone),
      adapters: adaptersFor(cast, cast.books, someone),
      random: () => cast.draws.unit(`${name} by chance`),
      spread: (contactId) => spreadOf(cast, contactId),
      inspect: (made) => (ctx = made as Context),
    },
  );
  const parley = await cast.stage.until(starting, 120_000, `${name} starts`);
  return Object.assign(someone, {
    store,
    ctx: ctx!,
    parley,
    takeReceipts: gatherReceipts(takeReceipts.bind(undefined, ctx!)),
  });
}

/** As the product does, the same for all of a contact. Their ids are others in each play, so each has its own when it is first asked of. */
function spreadOf({ spreads, draws }: Cast, contactId: number): number {
  const known = spreads.get(contactId) ?? draws.unit('spread of a contact');
  spreads.set(contactId, known);
  return known;
}

/** kill -9: nothing of it happens any more, and the server rolls back what it had begun. */
export async function kill(player: Player): Promise<void> {
  player.dead = true;
  await player.store.end();
}

/** SIGTERM: it drains, and gives its lanes back. */
export async function stopPlayer(cast: Cast, player: Player): Promise<void> {
  await cast.stage.until(player.parley.stop(), 600_000, `${player.name} stops`);
  await kill(player);
}

function clockOf(stage: Stage, player: Someone): Clock {
  return {
    nowMs: () => Math.floor(stage.nowMs()),
    monotonicMs: () => stage.nowMs(),
    after: (delayMs, run) => stage.after(delayMs, `${player.name}: timer`, run, player),
  };
}
