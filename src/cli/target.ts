/** Which server a command talks to: the one named, else the one that runs on the data directory. */
import { SETTINGS } from '../base/config.ts';
import { createApi, type Api, type Target } from './api.ts';
import { command } from './command.ts';
import { CommandFailure } from './failure.ts';
import { readRuntime } from './runtime.ts';

/** The flags that name a server. */
export type TargetFlags = { url?: string; token?: string; workspace?: string; data?: string };

/** A server to talk to, and the workspace that is meant. */
export type ConnectedTarget = { api: Api; target: Target; workspaceId: string; base: string };

/** Finds the server, the credentials and the workspace, or says what is missing. */
export async function connect(flags: TargetFlags): Promise<ConnectedTarget> {
  const dataDir = flags.data ?? process.env[SETTINGS.dataDir.env] ?? SETTINGS.dataDir.default;
  const runtime = flags.url === undefined ? await readRuntime(dataDir) : undefined;
  const url = flags.url?.replace(/\/$/, '') ?? runtime?.url;
  if (url === undefined)
    throw new CommandFailure(
      `No Parley runs on ${dataDir}. Start one with “${command()} start”, or name one with --url and --token.`,
    );
  if (!URL.canParse(url)) throw new CommandFailure(`--url: “${url}” is not a URL`);
  // The environment is its own: a command line is seen by everybody on the machine.
  const given = flags.token ?? (process.env['PARLEY_TOKEN'] || undefined);
  const token = given ?? runtime?.token;
  if (token === undefined)
    throw new CommandFailure(`Give a console key of ${url} with --token or PARLEY_TOKEN.`);
  const target = { url, token };
  const api = createApi(target);
  const workspaceId = flags.workspace ?? (given === undefined ? runtime?.workspace : undefined);
  const chosen = workspaceId ?? (await onlyWorkspace(api));
  return { api, target, workspaceId: chosen, base: `/api/workspaces/${chosen}` };
}

/** The one workspace that a key reaches. */
async function onlyWorkspace(api: Api): Promise<string> {
  const { workspaces } = await api.get<{ workspaces: { id: string; name: string }[] }>('/api/me');
  if (workspaces.length === 1) return workspaces[0]!.id;
  const list = workspaces.map(({ id, name }) => `  ${id}  ${name}`).join('\n');
  throw new CommandFailure(
    workspaces.length === 0
      ? 'The key reaches no workspace.'
      : `Say which workspace with --workspace:\n${list}`,
  );
}
