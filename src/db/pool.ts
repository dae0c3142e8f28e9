/** The connection pool, and what a statement may run on. Knows no table of the domain. */
import postgres from 'postgres';

/** Integers come as numbers: ids and times are under 2^53 by construction (base/ids.ts). */
type Types = { bigint: number };

/** The pool. */
export type Sql = postgres.Sql<Types>;
/** A transaction. */
export type Tx = postgres.TransactionSql<Types>;
/** Whatever a statement can run on: the pool, or a transaction. */
export type Db = postgres.ISql<Types>;
/** A part of a statement. */
export type Fragment = postgres.PendingQuery<postgres.Row[]> | postgres.Fragment;

/** Where the database is: a URL, or host, port and credentials (a host that is a directory is a unix socket). */
export type Connection =
  | string
  | { host: string; port: number; username: string; password: string; database: string };

const INT8_OID = 20;

/** Opens a pool; connections are made on first use. `name` shows in pg_stat_activity. */
export function openPool(
  connection: Connection,
  options: { max: number; name: string; onnotice?: () => void },
): Sql {
  const settings: postgres.Options<{ bigint: postgres.PostgresType<number> }> = {
    max: options.max,
    // A connection is renewed now and then, so that the memory a backend has gathered (plans, catalog) is given back.
    max_lifetime: 60 * 30,
    idle_timeout: 60,
    connect_timeout: 10,
    // After a lost server, try again soon: an embedded Postgres is back within two seconds.
    backoff: (attempt) => Math.min(0.1 * 2 ** attempt, 1),
    onnotice: options.onnotice ?? (() => {}),
    connection: { application_name: options.name },
    types: { bigint: { to: INT8_OID, from: [INT8_OID], serialize: String, parse: Number } },
  };
  const where = typeof connection === 'string' ? socketOf(connection) : connection;
  return typeof where === 'string' ? postgres(where, settings) : postgres({ ...where, ...settings });
}

/** A URL that names a directory as its host (`postgres://user:secret@/name?host=/run/postgresql`, as libpq has it) is a socket. */
function socketOf(url: string): Connection {
  const at = url.indexOf('?');
  const query = new URLSearchParams(at < 0 ? '' : url.slice(at));
  const host = query.get('host');
  if (!host?.startsWith('/')) return url;
  const parts = /^postgres(?:ql)?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?[^/]*\/([^?]*)/.exec(url);
  const part = (index: number) => decodeURIComponent(parts?.[index] ?? '');
  const port = Number(query.get('port') ?? 5432);
  return { host, port, username: part(1), password: part(2), database: part(3) || 'postgres' };
}

/** True for an error that means the server went away or is starting, as against a fault in the statement. */
export function isConnectionLost(error: unknown): boolean {
  const code = (error as { code?: string } | undefined)?.code ?? '';
  // 57P01 admin shutdown, 57P02 crash shutdown, 57P03 cannot connect now, 08… connection exceptions.
  return /^(57P0[123]|08...|CONNECTION_|CONNECT_|ECONN|EPIPE|ENOENT|ETIMEDOUT)/.test(code);
}

/** True for a breach of a unique constraint (SQLSTATE 23505). */
export function isUniqueBreach(error: unknown): boolean {
  return (error as { code?: string } | undefined)?.code === '23505';
}
