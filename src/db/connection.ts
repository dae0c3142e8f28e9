/** Where a database is, as people and settings say it, and as pg takes it. */
import type pg from 'pg';

/** Where the database is: a URL, or host, port and credentials (a host that is a directory is a unix socket). */
export type Connection =
  | string
  | { host: string; port: number; username: string; password: string; database: string };

/** As pg has it. */
export function configOf(connection: Connection): pg.ClientConfig {
  if (typeof connection === 'string') return socketOf(connection) ?? { connectionString: connection };
  const { host, port, username, password, database } = connection;
  return { host, port, user: username, password, database };
}

/** A URL that names a directory as its host (`postgres://user:secret@/name?host=/run/postgresql`, as libpq has it) is a socket. */
function socketOf(url: string): pg.ClientConfig | undefined {
  const at = url.indexOf('?');
  const query = new URLSearchParams(at < 0 ? '' : url.slice(at));
  const host = query.get('host');
  if (!host?.startsWith('/')) return undefined;
  const parts = /^postgres(?:ql)?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?[^/]*\/([^?]*)/.exec(url);
  const part = (index: number) => decodeURIComponent(parts?.[index] ?? '');
  return {
    host,
    port: Number(query.get('port') ?? 5432),
    user: part(1),
    password: part(2),
    database: part(3) || 'postgres',
  };
}
