/** `parley doctor`: what a start would meet, looked at without starting anything. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { readConfig, SETTINGS, type Config } from '../base/config.ts';
import { openPool } from '../db/pool.ts';
import { chooseBinaries } from '../db/postgresBinaries.ts';
import { Failure, say } from './failure.ts';
import { readRuntime } from './runtime.ts';

type Finding = { good: boolean; what: string };

/** Prints what was found; fails when something would keep Parley from starting. */
export async function doctor(flags: { data?: string; settings?: boolean }): Promise<void> {
  const env = { ...process.env, ...(flags.data === undefined ? {} : { PARLEY_DATA_DIR: flags.data }) };
  const config = readConfig(env);
  const findings: Finding[] = [await nodeVersion()];
  if ('faults' in config) findings.push(...config.faults.map((what) => ({ good: false, what })));
  else {
    findings.push({ good: true, what: 'the settings are in order' });
    findings.push(await dataDirectory(config), await postgres(config), await port(config));
    if (flags.settings) for (const line of settings(config)) say(line);
  }
  for (const { good, what } of findings) say(`${good ? '✔' : '✘'} ${what}`);
  const bad = findings.filter(({ good }) => !good).length;
  if (bad > 0) throw new Failure(`${bad} thing${bad === 1 ? '' : 's'} would keep Parley from starting.`);
}

async function nodeVersion(): Promise<Finding> {
  const good = Number.parseInt(process.versions.node, 10) >= 24;
  return { good, what: `Node ${process.versions.node}${good ? '' : '; 24 or newer is needed'}` };
}

async function dataDirectory(config: Config): Promise<Finding> {
  const dir = resolve(config.dataDir);
  for (let at = dir; ; at = dirname(at)) {
    try {
      await access(at, constants.W_OK);
      return { good: true, what: `${dir} can be written${at === dir ? '' : ' (it will be made)'}` };
    } catch (error) {
      if ((error as { code?: string }).code === 'ENOENT' && dirname(at) !== at) continue;
      return { good: false, what: `${at} cannot be written` };
    }
  }
}

async function postgres(config: Config): Promise<Finding> {
  if (!config.databaseUrl) {
    try {
      const { binDir, version, origin } = chooseBinaries(
        join(resolve(config.dataDir), 'postgres', 'cluster'),
      );
      const whose = origin === 'system' ? "the system's" : 'the packaged';
      return { good: true, what: `Postgres ${version} of its own, with ${whose} programs in ${binDir}` };
    } catch (error) {
      return { good: false, what: (error as Error).message };
    }
  }
  const sql = openPool(config.databaseUrl, { max: 1, name: 'parley doctor' });
  try {
    const [row] = await sql<{ server_version: string }[]>`SHOW server_version`;
    return { good: true, what: `Postgres ${row!.server_version} answers at the database URL` };
  } catch (error) {
    return { good: false, what: `Postgres at the database URL: ${(error as Error).message}` };
  } finally {
    await sql.end({ timeout: 1 });
  }
}

async function port(config: Config): Promise<Finding> {
  const runtime = await readRuntime(config.dataDir);
  if (runtime) return { good: true, what: `Parley runs at ${runtime.url} (process ${runtime.pid})` };
  if (!config.roles.includes('http')) return { good: true, what: 'no port is needed without the role http' };
  const { promise, resolve: settle } = Promise.withResolvers<Finding>();
  const at = `${config.host}:${config.port}`;
  const server = createServer();
  server.once('error', (error) =>
    settle({ good: false, what: `${at} cannot be listened on: ${error.message}` }),
  );
  server.listen(config.port, config.host, () =>
    server.close(() =>
      settle({ good: true, what: config.port === 0 ? 'any free port will do' : `${at} is free` }),
    ),
  );
  return await promise;
}

/** The settings in force, without what is secret. */
function settings(config: Config): string[] {
  return Object.entries(SETTINGS).map(([name, { env }]) => {
    const value = String(config[name as keyof Config]);
    const hidden = (name === 'secret' || name === 'databaseUrl') && value !== '';
    return `${env}=${hidden ? '(set)' : value}`;
  });
}
