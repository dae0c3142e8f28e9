/** Drafts of broadcasts: forecast before they are kept, tried on an address, copied, taken back. */
import type { Static } from 'typebox';
import {
  BroadcastChanged,
  ForecastShown,
  PlannedBroadcast,
  PlannedPeople,
  PlannedPeoplePage,
  TestSend,
} from '../../../contract/doors/console/broadcasts.ts';
import { MessageAccepted } from '../../../contract/doors/console/messages.ts';
import type { ChannelName } from '../../../contract/channels.ts';
import type { Content } from '../../../contract/content.ts';
import { fullName } from '../../../contract/personName.ts';
import { isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import { copyBroadcast, deleteDraft, unscheduleBroadcast } from '../../broadcasts/broadcasts.ts';
import { peopleForecast, planBroadcast } from '../../broadcasts/forecast.ts';
import { filledFor, type Seer } from '../../broadcasts/preview.ts';
import { selectPeople } from '../../contacts/people.ts';
import type { Joined } from '../kit/change.ts';
import { acceptOne } from './acceptOne.ts';
import { AUDIENCE_BYTES, find, forecastOf, readInput, steer, told } from './broadcasts.ts';
import { readAddress } from './input.ts';
import { acts, asks, idIn, idOf, missing, writes, type Call, type Route, type Work } from './route.ts';

/** People on a page of a forecast. */
const PEOPLE = 50;
const one = '/broadcasts/:broadcastId';

/** `…/broadcasts`, of what has not begun. */
export const draftRoutes: readonly Route[] = [
  asks({
    path: '/broadcasts/forecast',
    does: 'What would happen if a draft that is not kept started now.',
    action: 'broadcasts.read',
    body: PlannedBroadcast,
    answers: { 200: ForecastShown },
    bodyBytes: AUDIENCE_BYTES,
    async handle(call) {
      const input = await readInput(call, call.body);
      if (isFault(input)) return input;
      const plan = await planBroadcast(call.ctx.broadcasts, call.workspace.id, input);
      return isFault(plan) ? plan : { status: 200, body: await forecastOf(call, plan) };
    },
  }),
  asks({
    path: '/broadcasts/people',
    does: 'Whom the forecast of a draft says something of.',
    action: 'broadcasts.read',
    body: PlannedPeople,
    answers: { 200: PlannedPeoplePage },
    bodyBytes: AUDIENCE_BYTES,
    handle: peopleMeant,
  }),
  acts({
    path: `${one}/copy`,
    does: 'Drafts a broadcast that says the same to the same people.',
    action: 'broadcasts.write',
    answers: { 201: BroadcastChanged },
    async handle(call) {
      const { ctx, workspace, workspaceNowMs } = call;
      await ctx.directory.integrationsOf(workspace.id);
      const id = idIn(call, 'broadcastId');
      return async (tx) => {
        const made = await copyBroadcast(ctx.broadcasts, tx, workspace.id, id, workspaceNowMs);
        return isFault(made) ? made : told(made, 'copy', 201);
      };
    },
  }),
  acts({
    method: 'DELETE',
    path: one,
    does: 'Deletes a draft.',
    action: 'broadcasts.write',
    answers: { 200: BroadcastChanged },
    handle: async (call) => steer(call, 'delete', (tx, id) => deleteDraft(tx, call.workspace.id, id)),
  }),
  acts({
    path: `${one}/unschedule`,
    does: 'Makes a draft again of a broadcast that waits for its hour.',
    action: 'broadcasts.send',
    answers: { 200: BroadcastChanged },
    handle: async (call) =>
      steer(call, 'unschedule', (tx, id) =>
        unscheduleBroadcast(call.ctx.broadcasts, tx, call.workspace.id, id, call.workspaceNowMs),
      ),
  }),
  writes({
    path: `${one}/test`,
    does: 'Sends what a broadcast says to one address, to try it.',
    action: 'messages.send',
    body: TestSend,
    answers: { 202: MessageAccepted },
    async handle(call) {
      const broadcast = await find(call);
      if (isFault(broadcast)) return broadcast;
      return await sendTest(call, broadcast, broadcast.integrationId);
    },
  }),
];

/** Sends content to an address, filled in for somebody. It is a message of its own, and transactional: who tries it asked for it. */
export async function sendTest(
  call: Call<Static<typeof TestSend>>,
  { content, channel }: { content: Content; channel: ChannelName },
  integrationId: number | null,
): Promise<Work<202, MessageAccepted> | Joined | Fault> {
  const { ctx, workspace, body } = call;
  const to = readAddress(channel, body.address, 'address', workspace.country);
  if (isFault(to)) return to;
  const seer: Seer = body.as === undefined ? { madeUp: 'usual' } : { contactId: idOf(body.as) };
  const filled = await filledFor(ctx.sql, workspace, { content, channel, seer });
  if (filled === undefined) return missing('contact', 'as');
  if (isFault(filled)) return filled;
  await ctx.directory.integrationsOf(workspace.id);
  const through = integrationId === null ? {} : { integrationId };
  return acceptOne(call, {
    to,
    content: filled,
    class: 'transactional',
    audited: 'message.test',
    ...through,
  });
}

async function peopleMeant(
  call: Call<Static<typeof PlannedPeople>>,
): Promise<{ status: 200; body: PlannedPeoplePage } | Fault> {
  const { ctx, workspace, nowMs } = call;
  const { code, after, ...plan } = call.body;
  const input = await readInput(call, plan);
  if (isFault(input)) return input;
  const planned = await planBroadcast(ctx.broadcasts, workspace.id, input);
  if (isFault(planned)) return planned;
  const page = { code, afterId: after === undefined ? 0 : idOf(after), limit: PEOPLE };
  const { contactIds, next } = await peopleForecast(ctx.broadcasts, planned, nowMs, page);
  const named = contactIds.map((contactId) => ({ workspaceId: workspace.id, contactId }));
  const people = await selectPeople(ctx.sql, named, { channel: planned.channel, attributes: false });
  return {
    status: 200,
    body: {
      people: contactIds.map((id) => ({
        contactId: toHex24(id),
        name: fullName(people.get(id)),
        address: people.get(id)?.destinations[0]?.address ?? null,
      })),
      next: next === null ? null : toHex24(next),
    },
  };
}
