/**
 * The database as a player sees it: real connections to a real Postgres, whose statements are done when the stage says, and
 * which are lost when the run says. What is lost is lost as it is in the world: the server rolls back, and who waits for an
 * answer is told that the connection is gone, also where it had been committed.
 */
import pg from 'pg';
import { openPool, type Connection, type Connections, type Sql } from '../src/db/pool.ts';
import type { Draws } from './draws.ts';
import type { Player, Stage, StagedConnection } from './stage.ts';

/** Notifications between players; a hint, so that some are lost. */
export type Bus = Map<string, Set<{ player: Player; heard: (payload: string) => void }>>;

/** What all stores of a run share. */
export type Ground = {
  stage: Stage;
  draws: Draws;
  connection: Connection;
  bus: Bus;
  /** Ends backends for real, and waits until they are gone. */
  terminate: (pids: readonly number[]) => Promise<void>;
  /** How likely it is that what commits (COMMIT, or a statement by itself that writes) is done and its answer lost. */
  lostCommits: () => number;
  /** Whether a player's database is slow now, more often than seldom. */
  isSlow: (player: Player) => boolean;
};

/** A player's database. */
export type Store = {
  open: (max: number, name: string) => Sql;
  /** Every connection is gone, now; until then no other is made. */
  cut: (untilMs: number) => Promise<void>;
  /** The player is dead: its connections are gone. */
  end: () => Promise<void>;
};

/** `begins`: it has begun a transaction of which the server knows nothing yet. */
type Client = { real: pg.Client; at: StagedConnection; lost: boolean; within: boolean; begins: boolean };

/** A statement takes so long, ms, mostly; seldom the database is slow. */
const STATEMENT_MS = [0.2, 1.5] as const;
const SLOW_CHANCE = { seldom: 0.004, often: 0.25 } as const;
const SLOW_MS = [20, 600] as const;

/** The store of a player. */
export function openStore(ground: Ground, player: Player): Store {
  const clients = new Set<Client>();
  let downUntilMs = 0;
  const isDown = () => ground.stage.nowMs() < downUntilMs;
  const terminateAll = async () => {
    const gone = [...clients];
    clients.clear();
    for (const client of gone) {
      client.lost = true;
      client.at.holds = false;
    }
    await ground.terminate(gone.map(({ at }) => at.pid));
    for (const { real } of gone) void real.end().catch(() => {});
  };
  const staged = { ground, player, clients, isDown, terminateAll };
  return {
    open(max, name) {
      const sql = openPool(ground.connection, { max, name, pool: (settings) => stagedPool(staged, settings, max) });
      return Object.assign(sql, notifications(ground, player));
    },
    async cut(untilMs) {
      downUntilMs = untilMs;
      await terminateAll();
    },
    end: terminateAll,
  };
}

type Staged = {
  ground: Ground;
  player: Player;
  clients: Set<Client>;
  isDown: () => boolean;
  terminateAll: () => Promise<void>;
};

function stagedPool(staged: Staged, settings: pg.PoolConfig, max: number): Connections {
  const idle: Client[] = [];
  const wanted: (() => void)[] = [];
  let open = 0;

  const connect = async (): Promise<Client> => {
    for (let one = idle.pop(); one; one = idle.pop()) {
      if (!one.lost) return one;
      open--;
    }
    if (open >= max) {
      await new Promise<void>((resolve) => wanted.push(resolve));
      return await connect();
    }
    open++;
    try {
      return await newClient(staged, settings);
    } catch (error) {
      open--;
      wanted.shift()?.();
      throw error;
    }
  };
  const release = (client: Client) => {
    if (client.lost) open--;
    else idle.push(client);
    wanted.shift()?.();
  };
  const query = async (statement: string | pg.QueryConfig, values?: unknown[]) => {
    const client = await connect();
    try {
      return await ask(staged, client, values ? { text: statement as string, values } : statement);
    } finally {
      release(client);
    }
  };
  return {
    async connect() {
      const client = await connect();
      return {
        query: ((statement: string | pg.QueryConfig) => ask(staged, client, statement)) as never,
        release: () => release(client),
      };
    },
    query: query as never,
    totalCount: 0,
    idleCount: 0,
    waitingCount: 0,
    end: async () => {
      for (const client of idle.splice(0)) {
        staged.clients.delete(client);
        void client.real.end().catch(() => {});
      }
    },
  };
}

/** A connection is made, when there is a database. */
async function newClient(staged: Staged, settings: pg.PoolConfig): Promise<Client> {
  const { ground, player } = staged;
  const real = new pg.Client({ ...settings, pipeline: true });
  real.on('error', () => {});
  const at: StagedConnection = { pid: 0, readyMs: 0, holds: false };
  const client: Client = { real, at, lost: false, within: false, begins: false };
  await ground.stage.statement(
    {
      player,
      connection: at,
      text: 'connect',
      run: async () => {
        if (staged.isDown()) throw refused();
        await real.connect();
        at.pid = (real as unknown as { processID: number }).processID;
      },
    },
    1,
  );
  staged.clients.add(client);
  return client;
}

async function ask(staged: Staged, client: Client, statement: string | pg.QueryConfig) {
  const { ground, player } = staged;
  const { stage, draws } = ground;
  const text = typeof statement === 'string' ? statement : statement.text;
  // All is planned one way here (databases.ts).
  if (PLANS.test(text)) return NOTHING;
  const isSlow = draws.happens(`${player.name} slow`, SLOW_CHANCE[ground.isSlow(player) ? 'often' : 'seldom']);
  const [least, most] = isSlow ? SLOW_MS : STATEMENT_MS;
  const takesMs = least + draws.unit(`${player.name} takes`) * (most - least);
  const run = async () => {
    if (client.lost) throw lostConnection();
    const result = await done(client, text, statement);
    const commits = text === 'COMMIT' || (!client.within && WRITES.test(text));
    if (commits && draws.happens('lost commit', ground.lostCommits())) {
      await staged.terminateAll();
      throw lostConnection();
    }
    return result;
  };
  return await stage.statement({ player, connection: client.at, text, run }, takesMs);
}

/** BEGIN goes out with what follows it: it waits for nothing and holds nothing, and each way to the server costs as much as a statement. */
async function done(client: Client, text: string, statement: string | pg.QueryConfig): Promise<pg.QueryResult> {
  const { real, at } = client;
  if (text === 'BEGIN') {
    client.begins = client.within = true;
    return { ...NOTHING, command: text };
  }
  const isOver = text === 'COMMIT' || text === 'ROLLBACK';
  const isEmpty = client.begins && isOver;
  if (client.begins && !isOver) real.query('BEGIN').catch(() => {});
  client.begins = false;
  if (isOver) client.within = false;
  // From the moment on in which it is asked.
  at.holds = !isEmpty;
  try {
    return isEmpty ? { ...NOTHING, command: text } : await real.query(statement);
  } finally {
    at.holds = client.within && !client.lost;
  }
}

const PLANS = /^(RE)?SET plan_cache_mode/;
const NOTHING: pg.QueryResult = { command: '', rowCount: 0, oid: 0, rows: [], fields: [] };

/** What a statement that writes has in it; those that only read lose nothing by a lost answer. */
const WRITES = /\b(INSERT INTO|UPDATE|DELETE FROM)\b/;

/** As node says it when a server has closed. */
function lostConnection(): Error {
  return new Error('Connection terminated unexpectedly');
}

function refused(): Error {
  return Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
}

/** LISTEN and NOTIFY, over the stage. */
function notifications({ stage, draws, bus }: Ground, player: Player): Pick<Sql, 'listen' | 'notify'> {
  return {
    async listen(channel, heard) {
      const listener = { player, heard };
      const listeners = bus.get(channel) ?? new Set();
      bus.set(channel, listeners.add(listener));
      return {
        async unlisten() {
          listeners.delete(listener);
        },
      };
    },
    async notify(channel, payload) {
      for (const listener of bus.get(channel) ?? [])
        if (!draws.happens('lost notice', 0.02))
          stage.after(1, `${listener.player.name} hears`, () => listener.heard(payload), listener.player);
    },
  };
}
