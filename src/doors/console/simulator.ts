/** The simulator of a test workspace: what is on its devices, what people do with them, its rules and its clock. */
import { CHANNELS } from '../../../contract/channels.ts';
import { Advance, KeyPress, LinkClick, NewRule, SimulatedReply } from '../../../contract/console.ts';
import { isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import type { DeviceMessage } from '../../simulator/devices.ts';
import type { NewRule as RuleInput, Rule } from '../../simulator/rules.ts';
import type { Note } from '../kit/change.ts';
import {
  acts,
  breaks,
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

/** `…/simulator` and `…/clock`. */
export const simulatorRoutes: readonly Route[] = [
  reads({
    path: '/simulator/contacts/:contactId/devices',
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
    query: ['channel', 'address', 'limit', 'before'],
    handle: listMessages,
  }),
  ...people(),
  reads({
    path: '/simulator/rules',
    action: 'simulator.use',
    async handle({ ctx, workspace }) {
      const rules = await ctx.simulator.listRules(workspace.id);
      return isFault(rules) ? rules : { rules: rules.map(presentRule) };
    },
  }),
  writes({
    path: '/simulator/rules',
    action: 'simulator.use',
    body: NewRule,
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
  ...clock(),
];

/** What a person does with a device. */
function people(): Route[] {
  const action = 'simulator.use';
  const shown = (message: DeviceMessage) => ({ status: 200, body: present(message) });
  return [
    writes({
      path: '/simulator/reply',
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
      action,
      body: KeyPress,
      outside: true,
      handle: async ({ ctx, workspace, body }) =>
        outside(() => ctx.simulator.press({ workspaceId: workspace.id, ...body }), shown, {
          action: 'simulator.press',
          detail: { address: body.address },
        }),
    }),
    acts({
      path: '/simulator/messages/:messageId/read',
      action,
      outside: true,
      async handle(call) {
        const id = idIn(call, 'messageId');
        return outside(() => call.ctx.simulator.read(call.workspace.id, id), shown, {
          action: 'simulator.read',
          subject: `device-message:${id}`,
        });
      },
    }),
    writes({
      path: '/simulator/messages/:messageId/click',
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

function clock(): Route[] {
  return [
    reads({
      path: '/clock',
      action: 'workspace.read',
      async handle({ workspace, workspaceNowMs }) {
        return { now: timeText(workspaceNowMs), aheadMs: workspace.clockAheadMs };
      },
    }),
    writes({
      path: '/clock/advance',
      action: 'clock.advance',
      body: Advance,
      outside: true,
      handle: async ({ ctx, workspace, body }) =>
        outside(
          () => ctx.simulator.advanceClock(workspace.id, body.byMs),
          ({ nowMs }) => ({ status: 200, body: { now: timeText(nowMs) } }),
          { action: 'clock.advance', detail: body },
        ),
    }),
    reads({
      path: '/settled',
      action: 'workspace.read',
      async handle({ ctx, workspace }) {
        const settled = await ctx.simulator.settled(workspace.id);
        return isFault(settled) ? settled : { settled };
      },
    }),
  ];
}

/** Work that the simulator does in transactions of its own. */
function outside<T>(
  act: () => Promise<T | Fault>,
  answer: (done: T) => { status: number; body: unknown },
  audit: Note,
): Work {
  return async () => {
    const done = await act();
    return isFault(done) ? done : { ...answer(done), audit };
  };
}

async function listMessages(call: Call): Promise<unknown> {
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
  return {
    messages: messages.map(present),
    next: messages.length === page.limit ? toHex24(messages[0]!.id) : null,
  };
}

function present(message: DeviceMessage) {
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

function presentRule({ id, channel, addressPattern, outcome, timesLeft, createdMs }: Rule) {
  return {
    id: toHex24(id),
    channel: channel ?? null,
    addressPattern,
    outcome,
    timesLeft: timesLeft ?? null,
    createdAt: timeText(createdMs),
  };
}
