/** What `parley doctor` finds at a database: whether a start could work on it. Changes nothing. */
import { seeIntegrations } from '../accounts/integrations.ts';
import { isSecretOf, presentSecret } from '../accounts/secret.ts';
import { getWorkspace } from '../accounts/workspaces.ts';
import { systemClock } from '../base/clock.ts';
import type { Config } from '../base/config.ts';
import { fromHex24 } from '../base/ids.ts';
import { lookAtServer } from '../db/look.ts';
import { schemaState } from '../db/migrate.ts';
import { openPool, type Connection, type Sql } from '../db/pool.ts';
import { sharesConnections } from '../db/pooler.ts';
import { POOLED, refusalOf } from '../db/store.ts';

/** Something that was looked at. `mind`: it starts all the same, but somebody should look. */
export type Finding = { good: boolean; what: string; mind?: boolean };

/** More than this apart and links, sessions and signed calls of one are over, or not begun, for the other. */
const CLOCKS_APART_MS = 5_000;

/** Looks at a database that answers, or says why it does not. */
export async function lookAtDatabase(
  config: Config,
  connection: Connection,
  where: string,
): Promise<Finding[]> {
  const sql = openPool(connection, { max: 2, name: 'parley doctor' });
  try {
    const server = await lookAtServer(sql);
    const good = { good: true, what: `Postgres ${server.version} answers ${where}` };
    if (config.databaseUrl && (await sharesConnections(sql))) return [good, { good: false, what: POOLED }];
    return [good, rights(server), clocks(server), ...(await schema(sql, config))];
  } catch (error) {
    const told = config.databaseUrl ? refusalOf(error, config.databaseUrl) : error;
    return [{ good: false, what: (told as Error).message }];
  } finally {
    await sql.end({ timeout: 1 });
  }
}

type Server = Awaited<ReturnType<typeof lookAtServer>>;

function rights({ readOnly, mayCreate }: Server): Finding {
  if (readOnly) return { good: false, what: 'PARLEY_DATABASE_URL: the server or the role is read-only' };
  if (!mayCreate)
    return {
      good: false,
      what: 'PARLEY_DATABASE_URL: the role may not make tables (GRANT CREATE ON SCHEMA)',
    };
  return { good: true, what: 'the role may read and write' };
}

function clocks({ nowMs }: Server): Finding {
  const apartMs = Math.abs(nowMs - systemClock.nowMs());
  if (apartMs <= CLOCKS_APART_MS) return { good: true, what: 'the clocks agree' };
  const apart = Math.round(apartMs / 1000);
  return { good: false, what: `the clock of the database is ${apart} s away from ours: set both by NTP` };
}

async function schema(sql: Sql, config: Config): Promise<Finding[]> {
  const { missing, newer, refused } = await schemaState(sql);
  if (refused !== undefined) return [{ good: false, what: refused }];
  const added = newer.length > 0 ? `; newer code has added ${newer.join(', ')}` : '';
  const state =
    missing.length > 0
      ? `the schema lacks ${missing.length} migrations, which a start brings`
      : `the schema is up to date${added}`;
  if (missing.some((name) => name.startsWith('0041'))) return [{ good: true, what: state }];
  const secret = await presentSecret(config);
  const right = await isSecretOf(sql, secret);
  const whose = secret === undefined ? 'a secret will be made' : 'the secret is the one of this database';
  return [
    { good: true, what: state },
    {
      good: right,
      what: right ? whose : 'PARLEY_SECRET: is not the secret of this database',
    },
    ...(missing.length === 0 ? await accountMail(sql, config) : []),
  ];
}

/** Whether what Parley says to operators can reach them. It starts all the same: who is asked in cannot be mailed then. */
async function accountMail(sql: Sql, { accountMail: id }: Config): Promise<Finding[]> {
  if (!id) return [];
  const mind = (what: string) => [{ good: true, mind: true, what: `PARLEY_ACCOUNT_MAIL: ${what}` }];
  const workspace = await getWorkspace(sql, fromHex24(id) ?? 0);
  if (!workspace) return mind(`there is no workspace ${id}, so nothing is mailed to operators`);
  const { name, environment } = workspace;
  if (environment === 'test')
    return mind(`“${name}” is a test workspace: its mail reaches the simulator, and no operator`);
  const all = await seeIntegrations(sql, workspace.id);
  if (!all.some(({ channel, status }) => channel === 'email' && status === 'active'))
    return mind(`“${name}” has no mail integration in use, so nothing is mailed to operators`);
  return [{ good: true, what: `“${name}” mails to operators` }];
}
