/**
 * The devices of people in a test workspace: what they hold, and what a person does with them. What a person does reaches the
 * product as the provider would report it: an inbound message, or a receipt.
 */
import { CHANNELS, type ChannelName } from '../../contract/channels.ts';
import type { Clock } from '../base/clock.ts';
import { fault, isFault, type Fault } from '../base/fault.ts';
import { isId, MAX_ID, type IdSource } from '../base/ids.ts';
import type { Inbound, Receipt, TakeReceipts } from '../channels/adapter.ts';
import { findContactIds } from '../contacts/contacts.ts';
import { identityOfAddress } from '../contacts/keys.ts';
import type { Sql } from '../db/pool.ts';
import { broken, checkReply, said, type Reply } from './reply.ts';
import { endRinging, holdPhone, type CallDeed } from './calls.ts';
import type { DevicesChanged } from './changed.ts';
import { externalIdOf } from './forms.ts';
import { deviceAddress } from './outcomes.ts';
import type { Rules } from './rules.ts';
import {
  deviceBucket,
  insertDeviceMessages,
  selectAddresses,
  selectDevice,
  selectDeviceMessage,
  selectIntegration,
  selectLastOut,
  type AddressRow,
  type DeviceMessageRow,
} from './sql.ts';

/** Hands messages from people to whoever keeps conversations. */
export type TakeInbound = (integrationId: number, inbound: Inbound[]) => Promise<void>;

/** A message on a device. */
export type DeviceMessage = {
  id: number;
  integrationId: number;
  channel: ChannelName;
  /** Whose device. */
  address: string;
  /** `out` is what the device received, `in` what the person sent. */
  direction: 'in' | 'out';
  /** The delivery it came by. */
  ref?: string;
  /** The provider's id of it. */
  externalId: string;
  /** What was received, as rendered for its channel; of the person's own messages text, media, payload, location. */
  content: Record<string, unknown>;
  /** By the workspace's clock. */
  atMs: number;
};

/** A page of a device: what is older than `before` (an id), at most `limit` (50; 500 at most), newest last. */
type Page = { before?: number; limit?: number };

/** The devices of all test workspaces. */
export type Devices = {
  /** The addresses of a contact by channel. */
  devicesOf(
    workspaceId: number,
    contactId: number,
  ): Promise<Partial<Record<ChannelName, AddressRow[]>> | Fault>;
  /** What is on a phone (all channels but mail). A phone may have several addresses: a number and push tokens. */
  phone(
    workspaceId: number,
    address: string | readonly string[],
    page?: Page & { channels?: readonly ChannelName[] },
  ): Promise<DeviceMessage[] | Fault>;
  /** What is in a mailbox. */
  mailbox(workspaceId: number, address: string, page?: Page): Promise<DeviceMessage[] | Fault>;
  /** Says something. An address that nobody knows may write only to an integration that is named. */
  reply(reply: Reply): Promise<DeviceMessage | Fault>;
  /** Presses keys in the last call, which must ask for keys. */
  press(press: { workspaceId: number; address: string; keys: string }): Promise<DeviceMessage | Fault>;
  /** Looks at a message: the provider reports it as read. */
  read(workspaceId: number, messageId: number): Promise<DeviceMessage | Fault>;
  /** Answers or refuses a call that rings. */
  take(workspaceId: number, messageId: number, deed: CallDeed): Promise<DeviceMessage | Fault>;
  /** Somebody has a phone in hand: what rings there waits for the person. */
  hold(workspaceId: number, address: string): Promise<Fault | undefined>;
  /** Opens a mail. */
  open(workspaceId: number, messageId: number): Promise<DeviceMessage | Fault>;
  /** Calls a mail spam: its mail provider reports that to the sender. */
  complain(workspaceId: number, messageId: number): Promise<DeviceMessage | Fault>;
  /** Follows a link of a message, which thereby was read; answers the link. Opening it is left to the caller's browser. */
  click(workspaceId: number, messageId: number, url: string): Promise<{ url: string } | Fault>;
};

type Deps = {
  sql: Sql;
  ids: IdSource;
  clock: Clock;
  rules: Pick<Rules, 'world'>;
  takeReceipts: TakeReceipts;
  takeInbound: TakeInbound;
  changed: DevicesChanged;
};

const PAGE = 50;
const LONGEST_PAGE = 500;
const PHONE_CHANNELS = CHANNELS.filter((channel) => channel !== 'email');

/** The devices, over the database. */
export function createDevices(deps: Deps): Devices {
  const { sql, rules } = deps;

  const show = async (
    workspaceId: number,
    addresses: readonly string[],
    channels: readonly ChannelName[],
    page: Page,
  ): Promise<DeviceMessage[] | Fault> => {
    const world = await rules.world(workspaceId);
    if (isFault(world)) return world;
    const { before = MAX_ID, limit = PAGE } = page;
    if (!isId(before)) return broken('before', 'must be the id of a message');
    if (!Number.isInteger(limit) || limit < 1 || limit > LONGEST_PAGE)
      return broken('limit', `must be a whole number from 1 to ${LONGEST_PAGE}`);
    const keys = addresses.flatMap((address) =>
      channels.map((channel) => ({ channel, address: deviceAddress(channel, address) })),
    );
    const rows = await selectDevice(sql, workspaceId, keys, { beforeId: before, limit });
    if (!rows.length && before === MAX_ID && !(await isKnown(deps, workspaceId, keys)))
      return UNKNOWN_ADDRESS;
    return rows.map(present).reverse();
  };

  const read = async (workspaceId: number, messageId: number): Promise<DeviceMessage | Fault> => {
    const got = await received(deps, workspaceId, messageId);
    if (isFault(got)) return got;
    await report(deps, workspaceId, got.row, got.atMs);
    return present(got.row);
  };

  return {
    async devicesOf(workspaceId, contactId) {
      const world = await rules.world(workspaceId);
      if (isFault(world)) return world;
      const rows = isId(contactId) ? await selectAddresses(sql, workspaceId, contactId) : undefined;
      if (!rows) return fault('not_found', 'there is no such contact', { field: 'contactId' });
      const byChannel: Partial<Record<ChannelName, AddressRow[]>> = {};
      for (const row of rows) (byChannel[row.channel] ??= []).push(row);
      return byChannel;
    },
    phone: (workspaceId, address, page = {}) =>
      show(
        workspaceId,
        typeof address === 'string' ? [address] : address,
        page.channels ?? PHONE_CHANNELS,
        page,
      ),
    mailbox: (workspaceId, address, page = {}) => show(workspaceId, [address], ['email'], page),
    reply: (reply) => say(deps, reply),
    press: (press) => pressKeys(deps, press),
    read,
    take: (workspaceId, messageId, deed) => takeCall(deps, workspaceId, messageId, deed),
    hold: (workspaceId, address) => hold(deps, workspaceId, address),
    open: read,
    complain: (workspaceId, messageId) => complain(deps, workspaceId, messageId),
    async click(workspaceId, messageId, url) {
      const world = await rules.world(workspaceId);
      if (isFault(world)) return world;
      const row = isId(messageId) ? await selectDeviceMessage(sql, workspaceId, messageId) : undefined;
      if (row && (typeof url !== 'string' || !URL.canParse(url) || !holds(row.rendered, url)))
        return broken('url', 'must be a link of the message');
      const message = await read(workspaceId, messageId);
      return isFault(message) ? message : { url };
    },
  };
}

/** Answers or refuses a call that rings. */
async function takeCall(
  deps: Deps,
  workspaceId: number,
  messageId: number,
  deed: CallDeed,
): Promise<DeviceMessage | Fault> {
  const got = await received(deps, workspaceId, messageId);
  if (isFault(got)) return got;
  const over = await endRinging(deps, got.row, deed, got.atMs);
  deps.changed(workspaceId);
  return over ?? present(got.row);
}

/** Takes a phone of somebody in hand. */
async function hold(deps: Deps, workspaceId: number, given: string): Promise<Fault | undefined> {
  const world = await deps.rules.world(workspaceId);
  if (isFault(world)) return world;
  const address = deviceAddress('voice', given);
  if (!(await isKnown(deps, workspaceId, [{ channel: 'voice', address }]))) return UNKNOWN_ADDRESS;
  await holdPhone(deps, workspaceId, address);
  return undefined;
}

/** Presses keys in the last call to a number. */
async function pressKeys(
  deps: Deps,
  { workspaceId, address, keys }: Parameters<Devices['press']>[0],
): Promise<DeviceMessage | Fault> {
  if (typeof keys !== 'string' || !/^[0-9*#]{1,64}$/.test(keys))
    return broken('keys', 'must be 1 to 64 of the keys 0 to 9, * and #');
  const world = await deps.rules.world(workspaceId);
  if (isFault(world)) return world;
  const call = await selectLastOut(deps.sql, workspaceId, { channel: 'voice', address });
  if (!call) return fault('not_found', 'nobody called this number', { field: 'address' });
  if (!call.rendered['gather']) return fault('unprocessable', 'the last call does not ask for keys');
  // Keys prove that somebody listened.
  await report(deps, workspaceId, call, deps.clock.nowMs() + world.clockAheadMs);
  return await say(deps, {
    workspaceId,
    channel: 'voice',
    address,
    integrationId: call.integrationId,
    text: keys,
    asReplyTo: call.id,
  });
}

/** Says something on a device: kept there, and handed on. */
async function say(deps: Deps, reply: Reply): Promise<DeviceMessage | Fault> {
  const { sql, ids, clock, rules } = deps;
  const { workspaceId, channel } = reply;
  const world = await rules.world(workspaceId);
  if (isFault(world)) return world;
  const unfit = checkReply(reply);
  if (unfit) return unfit;
  const address = deviceAddress(channel, reply.address);
  const last = await selectLastOut(sql, workspaceId, { channel, address });
  if (
    !last &&
    reply.integrationId === undefined &&
    !(await isKnown(deps, workspaceId, [{ channel, address }]))
  )
    return UNKNOWN_ADDRESS;
  const wanted = reply.integrationId ?? last?.integrationId ?? null;
  const integration = await selectIntegration(sql, workspaceId, channel, wanted);
  if (!integration) {
    const what =
      wanted === null
        ? `the workspace has no active integration for ${channel}`
        : 'there is no such integration';
    return fault('not_found', what, { field: 'integrationId' });
  }
  const answered =
    typeof reply.asReplyTo === 'number' ? await selectDeviceMessage(sql, workspaceId, reply.asReplyTo) : last;
  if (reply.asReplyTo !== undefined && answered?.direction !== 'out')
    return fault('not_found', 'there is no such message to answer', { field: 'asReplyTo' });

  const id = ids.inBucket(deviceBucket(address));
  const atMs = clock.nowMs() + world.clockAheadMs;
  const { provider } = integration;
  const sender = typeof last?.rendered['from'] === 'string' ? last.rendered['from'] : integration.sender;
  const inbound: Inbound = {
    externalId: externalIdOf(provider, channel, id),
    from: reply.address,
    to: sender,
    ...said(reply),
    ...(reply.asReplyTo === undefined ? {} : { replyTo: externalIdOf(provider, channel, answered!.id) }),
    ...(reply.profileName === undefined ? {} : { profileName: reply.profileName }),
    ...(channel === 'email'
      ? { references: answered ? [externalIdOf(provider, channel, answered.id)] : [] }
      : {}),
    raw: { simulated: true },
    atMs,
  };
  const content = { channel, ...said(reply) };
  const common = { workspaceId, integrationId: integration.id, channel, direction: 'in', atMs } as const;
  await insertDeviceMessages(sql, common, [{ id, address, ref: null, rendered: JSON.stringify(content) }]);
  await deps.takeInbound(integration.id, [inbound]);
  deps.changed(workspaceId);
  return {
    id,
    integrationId: integration.id,
    channel,
    address,
    direction: 'in',
    externalId: inbound.externalId,
    content,
    atMs,
  };
}

/** What a device received, by its id, and what time it is there. */
async function received(
  { sql, rules, clock }: Deps,
  workspaceId: number,
  messageId: number,
): Promise<{ row: DeviceMessageRow; atMs: number } | Fault> {
  const world = await rules.world(workspaceId);
  if (isFault(world)) return world;
  const row = isId(messageId) ? await selectDeviceMessage(sql, workspaceId, messageId) : undefined;
  if (row?.direction !== 'out') return fault('not_found', 'there is no such message', { field: 'messageId' });
  return { row, atMs: clock.nowMs() + world.clockAheadMs };
}

/** As a feedback report is taken in (`channels/smtp`): whoever complains has had the mail, and the word is of that delivery. */
async function complain(deps: Deps, workspaceId: number, messageId: number): Promise<DeviceMessage | Fault> {
  const got = await received(deps, workspaceId, messageId);
  if (isFault(got)) return got;
  const { row, atMs } = got;
  const { ref, channel, integrationId } = row;
  if (channel !== 'email' || ref === null)
    return fault('unprocessable', 'only a mail is reported as spam', { field: 'messageId' });
  await deps.takeReceipts(integrationId, [{ ref, state: 'delivered', atMs }]);
  const word: Inbound = {
    externalId: `complaint:${ref}`,
    from: '',
    to: '',
    text: '',
    media: [],
    handledKeyword: 'complaint',
    ofDelivery: ref,
    raw: { simulated: true },
    atMs,
  };
  await deps.takeInbound(integrationId, [word]);
  return present(row);
}

/** The provider's word that a message was read. */
async function report(deps: Deps, workspaceId: number, row: DeviceMessageRow, atMs: number): Promise<void> {
  const { ref, externalId } = present(row);
  // Whoever listens has picked up.
  if (row.channel === 'voice') await endRinging(deps, row, 'answer', atMs);
  const receipt: Receipt = { externalId, state: 'read', atMs, ...(ref === undefined ? {} : { ref }) };
  await deps.takeReceipts(row.integrationId, [receipt]);
  deps.changed(workspaceId);
}

/** Whether anybody in the workspace has one of these addresses. */
async function isKnown(
  deps: Deps,
  workspaceId: number,
  keys: readonly { channel: ChannelName; address: string }[],
): Promise<boolean> {
  const identities = keys.flatMap(({ channel, address }) => {
    if (channel === 'push') return address ? [{ kind: 'token' as const, value: address }] : [];
    const identity = identityOfAddress(channel, address);
    return identity && address ? [identity] : [];
  });
  if ((await findContactIds(deps.sql, workspaceId, identities)).some((id) => id !== undefined)) return true;
  return (await selectDevice(deps.sql, workspaceId, keys, { beforeId: MAX_ID, limit: 1 })).length > 0;
}

/** Whether a text is anywhere in a message. */
function holds(content: unknown, text: string): boolean {
  if (typeof content === 'string')
    return content.includes(text) || content.includes(text.replaceAll('&', '&amp;'));
  if (typeof content !== 'object' || content === null) return false;
  return Object.values(content).some((value) => holds(value, text));
}

function present(row: DeviceMessageRow): DeviceMessage {
  const { id, integrationId, channel, address, direction, atMs, ref, rendered } = row;
  const externalId = externalIdOf(row.provider ?? '', channel, id);
  return {
    id,
    integrationId,
    channel,
    address,
    direction,
    externalId,
    content: rendered,
    atMs,
    ...(ref === null ? {} : { ref }),
  };
}

const UNKNOWN_ADDRESS = fault('not_found', 'nobody in the workspace has this address', { field: 'address' });
