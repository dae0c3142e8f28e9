/** `…/simulator/directory`: people with what their devices got last; looking at a device, and the web chat as a visitor has it. */
import { Type } from 'typebox';
import { NEWEST_FIRST } from '../../../contract/doors/console/fields.ts';
import {
  ChatOpened,
  DeviceNamed,
  DirectoryPage,
  PhoneNamed,
  type PersonOfDirectory,
} from '../../../contract/doors/console/simulator.ts';
import { Nothing } from '../../../contract/doors/fields.ts';
import { isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import { listContacts } from '../../contacts/contacts.ts';
import { destinationsOf } from '../../contacts/destinations.ts';
import { issueAuthCodes } from '../../links/authCodes.ts';
import type { LastOnDevice } from '../../simulator/directory.ts';
import { findContact } from './people/contacts.ts';
import { namesOf } from './inbox/shown.ts';
import { acts, readPage, reads, timeText, writes, type Call, type Route } from './route.ts';

const action = 'simulator.use';

/** The routes. */
export const simulatorDirectoryRoutes: readonly Route[] = [
  reads({
    path: '/simulator/directory',
    action,
    does: 'People with their devices: what each got last, and how much of it nobody has looked at. Those who came last first.',
    query: { search: Type.String({ maxLength: 200 }), ...NEWEST_FIRST },
    answer: DirectoryPage,
    handle: directory,
  }),
  writes({
    path: '/simulator/look',
    action,
    does: 'Looks at a device: nothing that is on it is unread any more.',
    body: DeviceNamed,
    answers: { 204: Nothing },
    outside: true,
    handle:
      async ({ ctx, workspace, body }) =>
      async () => {
        const unfit = await ctx.simulator.look(workspace.id, body);
        return unfit ?? { status: 204, body: undefined, audit: { action: 'simulator.look', detail: body } };
      },
  }),
  writes({
    method: 'PUT',
    path: '/simulator/hand',
    action,
    does: 'Takes a phone in hand, for a minute and a half: a call to it rings until it is answered or refused, or for 45 s.',
    body: PhoneNamed,
    answers: { 204: Nothing },
    outside: true,
    handle:
      async ({ ctx, workspace, body }) =>
      async () =>
        (await ctx.simulator.hold(workspace.id, body.address)) ?? { status: 204, body: undefined },
  }),
  acts({
    path: '/simulator/contacts/:contactId/chat',
    action,
    does: 'Opens the web chat as somebody who is at it: an address on this server, good once.',
    answers: { 201: ChatOpened },
    secret: true,
    handle: async (call) => {
      const { ctx, workspace, workspaceNowMs } = call;
      const contact = await findContact(call);
      if (isFault(contact)) return contact;
      const devices = await ctx.simulator.devicesOf(workspace.id, contact.id);
      if (isFault(devices)) return devices;
      return async (tx) => {
        const whose = { workspaceId: workspace.id, contactId: contact.id };
        const [token] = await issueAuthCodes(tx, workspaceNowMs, [whose]);
        const query = new URLSearchParams({ id: toHex24(contact.id), token: token! });
        const path = `/chat/${toHex24(workspace.id)}?${query.toString()}`;
        const audit = { action: 'simulator.chat', subject: `contact:${contact.id}` };
        return { status: 201, body: { path }, audit };
      };
    },
  }),
];

async function directory(call: Call): Promise<DirectoryPage | Fault> {
  const page = readPage(call);
  if (isFault(page)) return page;
  const { ctx, workspace } = call;
  const within = { limit: page.limit, below: page.before, search: call.query['search'] };
  const { contacts, next } = await listContacts(ctx.sql, workspace.id, within);
  const ids = contacts.map(({ id }) => id);
  const [names, destinations] = await Promise.all([
    namesOf(ctx.sql, workspace.id, contacts),
    destinationsOf(ctx.sql, workspace.id, ids),
  ]);
  // One address linked through several integrations is one device.
  const devices = [
    ...new Map(destinations.map((one) => [`${one.contactId} ${one.channel} ${one.address}`, one])).values(),
  ];
  const last = await ctx.simulator.lastOnDevices(workspace.id, devices);
  if (isFault(last)) return last;
  const shown = devices.map(({ contactId, channel, address }, n) => ({
    contactId,
    device: { channel, address, unread: last[n]?.unread ?? 0, last: presentLast(last[n]) },
  }));
  const byContact = Map.groupBy(shown, ({ contactId }) => contactId);
  return {
    people: contacts.map(({ id }): PersonOfDirectory => {
      const own = (byContact.get(id) ?? []).map(({ device }) => device);
      const newest = own
        .flatMap((device) => device.last ?? [])
        .reduce<PersonOfDirectory['last']>((a, b) => (a && a.at >= b.at ? a : b), null);
      const unread = own.reduce((sum, device) => sum + device.unread, 0);
      return { id: toHex24(id), name: names.get(id) ?? null, unread, last: newest, devices: own };
    }),
    next: next === undefined ? null : toHex24(next),
  };
}

function presentLast(last: LastOnDevice | undefined): PersonOfDirectory['last'] {
  return last ? { direction: last.direction, text: last.text, at: timeText(last.atMs) } : null;
}
