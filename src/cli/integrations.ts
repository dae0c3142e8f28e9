/** `parley integration`: the provider accounts of a workspace, through the API. */
import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { CommandFailure, say } from './failure.ts';
import { connect, type TargetFlags } from './target.ts';

type Rule = { name: string; kind: string; required: boolean; secret: boolean; doc?: string };
type Provider = { type: string; channel: string; settings: Rule[] };
type Integration = { id: string; type: string; channel: string; name: string; status: string };

/** Prints which providers there are, or the settings that one takes. */
export async function showProviders(type: string | undefined, flags: TargetFlags): Promise<void> {
  const { api } = await connect(flags);
  const { providers } = await api.get<{ providers: Provider[] }>('/api/providers');
  if (type === undefined) return providers.forEach((one) => say(`${one.type}  ${one.channel}`));
  const found = providers.find((one) => one.type === type);
  if (!found) throw new CommandFailure(`There is no provider ${type}.`);
  for (const { name, kind, required, secret, doc } of found.settings)
    say(
      [name, kind, required ? 'required' : '', secret ? 'secret' : '', doc ?? ''].filter(Boolean).join('  '),
    );
}

/** Prints the integrations. */
export async function listIntegrations(flags: TargetFlags): Promise<void> {
  const { api, base } = await connect(flags);
  const { integrations } = await api.get<{ integrations: Integration[] }>(`${base}/integrations`);
  for (const { id, type, channel, name, status } of integrations)
    say(`${id}  ${type}  ${channel}  ${status}  ${name}`.trimEnd());
}

type CreateFlags = TargetFlags & { set?: string[]; settings?: string; name?: string; rate?: string };

/** Makes an integration. Secrets come from a file or standard input: a command line is seen by everybody on the machine. */
export async function createIntegration(type: string, flags: CreateFlags): Promise<void> {
  const { api, base } = await connect(flags);
  const settings = {
    ...(await settingsIn(flags.settings)),
    ...Object.fromEntries((flags.set ?? []).map(pair)),
  };
  const made = await api.post<Integration>(`${base}/integrations`, {
    type,
    settings,
    ...(flags.name === undefined ? {} : { name: flags.name }),
    ...(flags.rate === undefined ? {} : { ratePerS: Number(flags.rate) }),
  });
  say(`integration ${made.id}, ${made.type} for ${made.channel}: ${made.status}`);
  const { inbound } = await api.get<{ inbound: string }>(`${base}/integrations/${made.id}/callbacks`);
  say(`  its provider calls ${inbound}`);
}

/** Sends one message through an integration. */
export async function testIntegration(
  id: string,
  to: string,
  flags: TargetFlags & { text: string },
): Promise<void> {
  const { api, base } = await connect(flags);
  const sent = await api.post<{ messageId: string; contactId: string }>(`${base}/integrations/${id}/test`, {
    to,
    text: flags.text,
  });
  say(`message ${sent.messageId} to contact ${sent.contactId} is on its way`);
}

/** Takes an integration away. */
export async function removeIntegration(id: string, flags: TargetFlags): Promise<void> {
  const { api, base } = await connect(flags);
  await api.delete(`${base}/integrations/${encodeURIComponent(id)}`);
  say(`${id} is gone.`);
}

async function settingsIn(file: string | undefined): Promise<Record<string, unknown>> {
  if (file === undefined) return {};
  const text = file === '-' ? await readAll(process.stdin) : await readFile(file, 'utf8');
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new CommandFailure(`--settings ${file}: is not JSON: ${(error as Error).message}`, 2);
  }
}

/** `name=value`; the value is JSON where it reads as a number, true, false, an array or an object. */
function pair(text: string): [string, unknown] {
  const at = text.indexOf('=');
  if (at < 1) throw new CommandFailure(`--set ${text}: write name=value`, 2);
  const value = text.slice(at + 1);
  const isJson = /^(?:true|false|-?(?:0|[1-9]\d{0,14})|[[{].*)$/s.test(value);
  return [text.slice(0, at), isJson ? (JSON.parse(value) as unknown) : value];
}
