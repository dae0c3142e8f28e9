/** The simulator of a test workspace: what is on its devices, what people do with them, and its rules. */
import { Type } from 'typebox';
import { CHANNELS } from '../../../contract/channels.ts';
import {
  DeviceMessageShown,
  DevicePage,
  DevicesShown,
  KeyPress,
  LinkClick,
  LinkFollowed,
  NewRule,
  RuleShown,
  RulesShown,
  SimulatedReply,
} from '../../../contract/doors/console/simulator.ts';
import { simulatorDirectoryRoutes } from './simulatorDirectory.ts';
import { NEWEST_FIRST } from '../../../contract/doors/console/fields.ts';
import { Nothing, oneOf } from '../../../contract/doors/fields.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import { deliveriesNamed } from '../../ledger/deliveries.ts';
import { fromRef, toRef } from '../../ledger/ref.ts';
import { stateName, type StateName } from '../../ledger/states.ts';
import type { CallDeed } from '../../simulator/calls.ts';
import type { DeviceMessage } from '../../simulator/devices.ts';
import { MAGIC_ADDRESSES } from '../../simulator/outcomes.ts';
import type { NewRule as RuleInput, Rule } from '../../simulator/rules.ts';
import type { Note } from '../kit/change.ts';
import {
  acts,
  idIn,
  idOf,
  idText,
  missing,
  queryWord,
  reads,
  readPage,
  timeText,
  writes,
  type Call,
  type Route,
  type Work,
} from './route.ts';

/** `…/simulator`. */
export const simulatorRoutes: readonly Route[] = [
  reads({
    path: '/simulator/contacts/:contactId/devices',
    does: 'The devices of a contact: its phones and mailboxes.',
    answer: DevicesShown,
    action: 'simulator.use',
    async handle(call) {
      const id = idIn(call, 'contactId');
      const devices = await call.ctx.simulator.devicesOf(call.workspace.id, id);
      if (isFault(devices)) return devices;
      const shown = Object.values(devices).flat();
      return {
        devices: shown.map(({ destinationId, integrationId, ...rest }) => ({
          destinationId: toHex24(destinationId),
          integrationId: idText(integrationId),
          ...rest,
        })),
      };
    },
  }),
  reads({
    path: '/simulator/messages',
    action: 'simulator.use',
    does: 'What is on a device, newest last.',
    query: { channel: oneOf(CHANNELS), address: Type.String(), ...NEWEST_FIRST },
    answer: DevicePage,
    handle: listMessages,
  }),
  ...people(),
  ...simulatorDirectoryRoutes,
  reads({
    path: '/simulator/rules',
    does: 'The rules by which messages fare.',
    action: 'simulator.use',
    answer: RulesShown,
    async handle({ ctx, workspace }) {
      const rules = await ctx.simulator.listRules(workspace.id);
      return isFault(rules) ? rules : { rules: rules.map(presentRule), addresses: [...MAGIC_ADDRESSES] };
    },
  }),
  writes({
    path: '/simulator/rules',
    action: 'simulator.use',
    does: 'Makes a rule: what messages to some addresses meet.',
    body: NewRule,
    answers: { 201: RuleShown },
    outside: true,
    handle: async ({ ctx, workspace, body }) =>
      outside(
        () => ctx.simulator.addRule(workspace.id, body as RuleInput),
        (rule) => ({ status: 201, body: presentRule(rule) }),
        { action: 'simulator.rule.create', detail: body },
      ),
  }),
  acts({
    method: 'DELETE',
    path: '/simulator/rules/:ruleId',
    does: 'Takes a rule away.',
    answers: { 204: Nothing },
    action: 'simulator.use',
    outside: true,
    async handle(call) {
      const { ctx, workspace } = call;
      const id = idIn(call, 'ruleId');
      return outside(
        async () => (await ctx.simulator.deleteRule(workspace.id, id)) ?? true,
        () => ({ status: 204, body: undefined }),
        { action: 'simulator.rule.delete', subject: `rule:${id}` },
      );
    },
  }),
];

/** What a person does with a device. */
function people(): Route[] {
  const action = 'simulator.use';
  return [
    writes({
      path: '/simulator/reply',
      does: 'Answers as the person does.',
      answers: { 200: DeviceMessageShown },
      action,
      body: SimulatedReply,
      outside: true,
      async handle({ ctx, workspace, body }) {
        const { integrationId, asReplyTo, ...rest } = body;
        const reply = {
          ...rest,
          workspaceId: workspace.id,
          ...(integrationId === undefined ? {} : { integrationId: idOf(integrationId) }),
          ...(asReplyTo === undefined
            ? {}
            : { asReplyTo: typeof asReplyTo === 'string' ? idOf(asReplyTo) : (true as const) }),
        };
        return outside(() => ctx.simulator.reply(reply), shown, {
          action: 'simulator.reply',
          detail: { channel: body.channel, address: body.address },
        });
      },
    }),
    writes({
      path: '/simulator/press',
      does: 'Presses keys in the last call.',
      answers: { 200: DeviceMessageShown },
      action,
      body: KeyPress,
      outside: true,
      handle: async ({ ctx, workspace, body }) =>
        outside(() => ctx.simulator.press({ workspaceId: workspace.id, ...body }), shown, {
          action: 'simulator.press',
          detail: { address: body.address },
        }),
    }),
    ...looks(),
  ];
}

function shown(message: DeviceMessage) {
  return { status: 200 as const, body: present(message) };
}

/** What a person does with a message on a device. */
function looks(): Route[] {
  const action = 'simulator.use';
  return [
    onMessage('read', 'Looks at a message.'),
    onMessage('complain', 'Calls a mail spam, as mail programs tell its sender.'),
    onMessage('answer', 'Answers a call that rings on a phone somebody has in hand: it was completed.'),
    onMessage('refuse', 'Refuses a call that rings on a phone somebody has in hand: the line was busy.'),
    writes({
      path: '/simulator/messages/:messageId/click',
      does: 'Follows a link of a message.',
      answers: { 200: LinkFollowed },
      action,
      body: LinkClick,
      outside: true,
      async handle(call) {
        const id = idIn(call, 'messageId');
        return outside(
          () => call.ctx.simulator.click(call.workspace.id, id, call.body.url),
          (body) => ({ status: 200, body }),
          { action: 'simulator.click', subject: `device-message:${id}` },
        );
      },
    }),
  ];
}

/** What is done to a message and needs no more said. */
function onMessage(deed: 'read' | 'complain' | CallDeed, does: string): Route {
  return acts({
    path: `/simulator/messages/:messageId/${deed}`,
    does,
    answers: { 200: DeviceMessageShown },
    action: 'simulator.use',
    outside: true,
    async handle(call) {
      const id = idIn(call, 'messageId');
      const { simulator } = call.ctx;
      const act = () =>
        deed === 'answer' || deed === 'refuse'
          ? simulator.take(call.workspace.id, id, deed)
          : simulator[deed](call.workspace.id, id);
      return outside(act, shown, {
        action: `simulator.${deed}`,
        subject: `device-message:${id}`,
      });
    },
  });
}

/** Work that the simulator does in transactions of its own. */
function outside<T, S extends number, B>(
  act: () => Promise<T | Fault>,
  answer: (done: T) => { status: S; body: B },
  audit: Note,
): Work<S, B> {
  return async () => {
    const done = await act();
    return isFault(done) ? done : { ...answer(done), audit };
  };
}

async function listMessages(call: Call): Promise<DevicePage | Fault> {
  const page = readPage(call);
  if (isFault(page)) return page;
  const channel = queryWord(call, 'channel', CHANNELS);
  if (isFault(channel)) return channel;
  const { address } = call.query;
  if (!address) return breaks('address', 'is required');
  const { simulator } = call.ctx;
  const id = call.workspace.id;
  // In a query, the plus of a number is a space.
  const of = address.replace(/^ /, '+');
  const messages =
    channel === 'email' || (channel === undefined && of.includes('@'))
      ? await simulator.mailbox(id, of, page)
      : await simulator.phone(id, of, { ...page, ...(channel === undefined ? {} : { channels: [channel] }) });
  if (isFault(messages)) return messages.fault === 'not_found' ? missing('address', 'address') : messages;
  const states = await statesOf(call, messages);
  return {
    messages: messages.map((one) => ({ ...present(one), state: states.get(one.ref) ?? null })),
    next: messages.length === page.limit ? toHex24(messages[0]!.id) : null,
  };
}

/** How far their senders know messages on devices are, by their refs. */
async function statesOf({ ctx }: Call, messages: readonly DeviceMessage[]) {
  const keys = messages.flatMap(({ ref }) => (ref === undefined ? [] : (fromRef(ref) ?? [])));
  const found = await deliveriesNamed(ctx.sql, keys);
  return new Map<string | undefined, StateName>(found.map((one) => [toRef(one), stateName(one.state)]));
}

function present(message: DeviceMessage): DeviceMessageShown {
  const { channel, address, direction, ref, externalId, content } = message;
  return {
    id: toHex24(message.id),
    integrationId: toHex24(message.integrationId),
    channel,
    address,
    direction,
    ref: ref ?? null,
    externalId,
    content,
    at: timeText(message.atMs),
  };
}

function presentRule({ id, channel, addressPattern, outcome, timesLeft, createdMs }: Rule): RuleShown {
  return {
    id: toHex24(id),
    channel: channel ?? null,
    addressPattern,
    outcome,
    timesLeft: timesLeft ?? null,
    createdAt: timeText(createdMs),
  };
}
