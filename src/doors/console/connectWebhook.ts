/**
 * The webhook of Connect (S13 to S15): one a workspace, of the Shout door, kept, called, retried and logged by the webhooks room like any
 * other.
 */
import type { Static } from 'typebox';
import type {
  ConnectWebhookPut,
  ConnectWebhookShown,
  ConnectWebhookTest,
} from '../../../contract/doors/console/connect.ts';
import { checkText } from '../../accounts/checks.ts';
import { breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import { clientOfWorkspace } from '../../connect/clients.ts';
import type { Db } from '../../db/pool.ts';
import { sendTest } from '../../webhooks/log.ts';
import type { WebhookWithSecret } from '../../webhooks/webhooks.ts';
import { fieldsOf, OWN_FIELDS, payloadOf, SHOUT_EVENTS, type ShoutEvent } from '../shout/webhookEvents.ts';
import { idText, timeText, type Call, type Work } from './route.ts';

const MOST_FIELDS = 20;
const MOST_FIELD = 500;

/** Whose ids the samples have: those of the source's example. */
const SAMPLE = { connectId: '123abc', userId: 112233 };

type Put = Static<typeof ConnectWebhookPut>;

/** The webhook; a fault when none is set or Connect is not enabled. */
export async function webhookOf(call: Call<unknown>, db: Db): Promise<WebhookWithSecret | Fault> {
  const { ctx, workspace } = call;
  const client = await clientOfWorkspace(db, workspace.id);
  if (isFault(client)) return client;
  const [webhook] = await ctx.webhooks.list(db, { workspaceId: workspace.id, door: 'shout' });
  return webhook ?? fault('not_found', 'No webhook is set.');
}

/** As the console shows it. */
export function showWebhook(webhook: WebhookWithSecret): ConnectWebhookShown {
  const { id, target, username, secret, triggers, status, failingSinceMs } = webhook;
  return {
    id: idText(id),
    url: target,
    username: username ?? null,
    fields: { ...fieldsOf(webhook) },
    events: triggers,
    secret: secret ?? null,
    status,
    failingSince: timeText(failingSinceMs ?? null),
  };
}

/** Sets it; the first time, that makes it. */
export async function setWebhook(call: Call<Put>): Promise<Work<200, ConnectWebhookShown> | Fault> {
  const { ctx, workspace, body } = call;
  const { url, fields } = body;
  const auth = readAuth(body);
  if (isFault(auth)) return auth;
  const broken = fields === undefined ? undefined : checkFields(fields);
  if (broken) return broken;
  const input = {
    ...(url === undefined ? {} : { target: url }),
    ...(fields === undefined ? {} : { options: { fields } }),
    ...(auth === undefined ? {} : { basicAuth: auth }),
  };
  return async (tx) => {
    const of = { workspaceId: workspace.id, door: 'shout' as const, offered: SHOUT_EVENTS };
    const found = await webhookOf(call, tx);
    if (isFault(found) && url === undefined)
      return found.message === 'No webhook is set.' ? breaks('url', 'is required') : found;
    if (isFault(found) && isFault(await clientOfWorkspace(tx, workspace.id))) return found;
    const set = isFault(found)
      ? await ctx.webhooks.create(tx, { ...of, ...input, target: url!, triggers: SHOUT_EVENTS })
      : await ctx.webhooks.update(
          tx,
          { ...of, id: found.id },
          { ...input, status: 'active', offered: SHOUT_EVENTS },
        );
    if (isFault(set)) return named(set);
    const audit = { action: 'connect.webhook', subject: `webhook:${set.id}`, detail: { url: set.target } };
    return { status: 200, body: showWebhook(set), audit };
  };
}

/** What is sent for each event. */
export async function samplesOf(
  call: Call,
): Promise<{ samples: { event: string; payload: Record<string, unknown> }[] } | Fault> {
  const { ctx, workspace } = call;
  const client = await clientOfWorkspace(ctx.sql, workspace.id);
  if (isFault(client)) return client;
  const webhook = await webhookOf(call, ctx.sql);
  const fields = isFault(webhook) ? {} : fieldsOf(webhook);
  return { samples: SHOUT_EVENTS.map((event) => ({ event, payload: sample(call, event, fields) })) };
}

/** Makes a call with a sample. */
export async function sendSample(
  call: Call<Static<typeof ConnectWebhookTest>>,
): Promise<Work<202, { callId: string }> | Fault> {
  const { ctx, workspace, body } = call;
  return async (tx) => {
    const webhook = await webhookOf(call, tx);
    if (isFault(webhook)) return webhook;
    const payload = sample(call, body.event, fieldsOf(webhook));
    const test = { workspaceId: workspace.id, webhookId: webhook.id, trigger: body.event, body: payload };
    const sent = await sendTest(ctx, tx, test);
    if (isFault(sent)) return sent;
    const callId = toHex24(sent.callId);
    const audit = { action: 'webhook.ping', subject: `webhook:${webhook.id}`, detail: { callId } };
    return { status: 202, body: { callId }, audit };
  };
}

function sample(
  { workspace, workspaceNowMs: atMs }: Call<unknown>,
  event: ShoutEvent,
  fields: Parameters<typeof payloadOf>[3],
): Record<string, unknown> {
  return payloadOf(event, { id: 1, atMs, ...SAMPLE }, workspace.timeZone, fields);
}

/** Credentials are given together, or both are left as they are. */
function readAuth({
  username,
  password,
}: Put): { username: string; password: string } | null | undefined | Fault {
  if (username === null) return null;
  if (username === undefined && password === undefined) return undefined;
  if (typeof username !== 'string' || username === '')
    return breaks('username', 'is required with a password');
  return typeof password === 'string'
    ? { username, password }
    : breaks('password', 'is required with a user name');
}

function checkFields(fields: Readonly<Record<string, unknown>>): Fault | undefined {
  const names = Object.keys(fields);
  if (names.length > MOST_FIELDS) return breaks('fields', `holds at most ${MOST_FIELDS} fields`);
  for (const name of names) {
    if (!/^[A-Za-z]\w{0,63}$/.test(name))
      return breaks('fields', 'a name has up to 64 letters, digits and underscores and begins with a letter');
    if ((OWN_FIELDS as readonly string[]).includes(name))
      return breaks(`fields.${name}`, 'is a field of Parley’s own');
    const value = fields[name];
    const broken = typeof value === 'string' ? checkText(value, `fields.${name}`, 0, MOST_FIELD) : undefined;
    if (broken) return broken;
  }
  return undefined;
}

/** In the words of this route: it has a `url` where the room has a target. */
function named(given: Fault): Fault {
  const renamed: Readonly<Record<string, string>> = {
    target: 'url',
    'basicAuth.username': 'username',
    'basicAuth.password': 'password',
  };
  const field = given.field === undefined ? undefined : renamed[given.field];
  return field === undefined
    ? given
    : { ...given, field, message: given.message.replace(`${given.field!}:`, `${field}:`) };
}
