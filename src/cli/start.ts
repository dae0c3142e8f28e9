/** `parley start`: the server, until somebody stops it. */
import type { Running } from './running.ts';
import { readConfig, type Config } from '../base/config.ts';
import { isoTime } from '../base/clock.ts';
import { CommandFailure, say, tell } from './failure.ts';
import { removeRuntime, writeRuntime } from './runtime.ts';
import { welcome } from './welcome.ts';

/** Starts Parley; handed down by main.ts, which alone knows what it is made of. */
export type StartParley = (config: Config) => Promise<Running>;

/** The flags of `parley start`; each is a setting by another name. */
export type StartFlags = { json?: boolean; port?: string; host?: string; data?: string; roles?: string };

/** Starts, says where, and stays until a signal. */
export async function start(flags: StartFlags, startParley: StartParley): Promise<void> {
  const config = configOf(flags);
  const begun = Promise.withResolvers<Running>();
  // Before anything else: making a database takes a second or two in which nothing here can run.
  const stopped = stopOnSignal(config, begun.promise);
  startParley(config).then(begun.resolve, begun.reject);
  const parley = await begun.promise;
  if (!stopped.asked()) await greet(config, flags, parley);
  await stopped.done;
}

/** Says that it runs, to programs or to a person. */
async function greet(config: Config, flags: StartFlags, parley: Running): Promise<void> {
  if (parley.url !== undefined) await leaveWord(config, parley);
  if (flags.json) say(JSON.stringify(readyLine(parley, config)));
  else await welcome(parley, config);
}

/** The settings from the environment and the flags; a person is shown no more than warnings. */
function configOf(flags: StartFlags): Config {
  const given = {
    PARLEY_PORT: flags.port,
    PARLEY_HOST: flags.host,
    PARLEY_DATA_DIR: flags.data,
    PARLEY_ROLES: flags.roles,
    ...(flags.json || process.env['PARLEY_LOG_LEVEL'] ? {} : { PARLEY_LOG_LEVEL: 'warn' }),
  };
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const config = readConfig({ ...process.env, ...set });
  if (!('faults' in config)) return config;
  const list = config.faults.map((fault) => `  ${fault}`).join('\n');
  throw new CommandFailure(`These settings are wrong; nothing was started:\n${list}`, 2);
}

/** What `--json` says, on one line. */
function readyLine({ url, probes, demo, firstOwner, signIn }: Running, { publicUrl }: Config) {
  return {
    url: url ?? null,
    ...(demo ? { workspace: demo.workspace, keys: demo.keys, integrations: demo.integrations } : {}),
    ...(signIn
      ? { signIn: { url: `${publicUrl || url}${signIn.path}`, expiresAt: isoTime(signIn.expiresMs) } }
      : {}),
    ...(probes === undefined ? {} : { probes }),
    // The link is shown once; a later start says until when that one is good.
    ...(firstOwner && 'path' in firstOwner
      ? {
          firstOwner: {
            url: `${publicUrl || url}${firstOwner.path}`,
            expiresAt: isoTime(firstOwner.expiresMs),
          },
        }
      : {}),
  };
}

async function leaveWord(config: Config, { url, demo }: Running): Promise<void> {
  await writeRuntime(config.dataDir, {
    url: url!,
    pid: process.pid,
    ...(demo ? { token: demo.keys.console.token, workspace: demo.workspace.id } : {}),
  });
}

/**
 * Stops at the first signal: what is in flight ends, and the embedded Postgres with it. A second Ctrl-C does not wait for that;
 * a second SIGTERM changes nothing, since a wrapper and its process group may each send one.
 */
function stopOnSignal(config: Config, starting: Promise<Running>) {
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  let asked = false;
  const stop = async () => {
    const parley = await starting;
    await removeRuntime(config.dataDir);
    await parley.stop();
  };
  const onSignal = (signal: NodeJS.Signals) => {
    if (asked) {
      if (signal !== 'SIGINT') return;
      tell('parley: stopped at once; the next start settles what was in flight, and takes over its Postgres');
      process.exit(130);
    }
    asked = true;
    if (signal === 'SIGINT') tell('\nparley: stopping; Ctrl-C again does not wait for what is in flight');
    stop().then(resolve, reject);
  };
  // Whoever started waits for it, unless the start itself fails.
  done.catch(() => {});
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  return { done, asked: () => asked };
}
