/** Contacts one at a time, their addresses, and the classes that may not be sent there. */
import { type Static, Type } from 'typebox';
import {
  BlockClasses,
  ConsentShown,
  ContactPage,
  ContactPatch,
  ContactShown,
  ContactWhole,
  DestinationShown,
  DestinationsShown,
  NewContact,
  NewDestination,
} from '../../../../contract/doors/console/contacts.ts';
import { NEWEST_FIRST, TimeGiven } from '../../../../contract/doors/console/fields.ts';
import { Id, Nothing } from '../../../../contract/doors/fields.ts';
import { breaks, fault, isFault, type Fault } from '../../../base/fault.ts';
import { toHex24 } from '../../../base/ids.ts';
import { createContact, getContact, listContacts, updateContact } from '../../../contacts/contacts.ts';
import type { Contact } from '../../../contacts/contacts.ts';
import {
  consentOf,
  destinationsOf,
  linkDestination,
  type Destination,
  unlinkDestinations,
} from '../../../contacts/destinations.ts';
import { survivorsOf } from '../../../contacts/merge.ts';
import { blockDestination, liftByOperator } from '../../../contacts/consent/blocks.ts';
import { bitsOf, CLASS_BIT } from '../../../contacts/consent/classes.ts';
import { readBlocks } from '../../../contacts/consent/compiled.ts';
import type { Identity } from '../../../contacts/keys.ts';
import { checkContactChange } from '../../../contacts/profile.ts';
import type { Profile } from '../../../contacts/wanted.ts';
import { setsOfContact } from '../../../contacts/audience.ts';
import { rowOf } from '../../../inbox/inbox.ts';
import { erasePerson } from '../../../people/people.ts';
import type { Tx } from '../../../db/pool.ts';
import { MESSAGE_CLASSES } from '../../../../contract/channels.ts';
import { contactRows } from './rows.ts';
import { readAddress, type Addressed } from '../input.ts';
import { consoleContact, presentDestination } from '../present.ts';
import {
  acts,
  idIn,
  idOf,
  missing,
  queryId,
  reads,
  readPageUntil,
  timeText,
  writes,
  type Call,
  type Done,
  type Route,
  type Work,
} from '../route.ts';

const one = '/contacts/:contactId';
const address = `${one}/destinations/:destinationId`;

/** `…/contacts`. */
export const contactRoutes: readonly Route[] = [
  reads({
    path: '/contacts',
    action: 'contacts.read',
    does: 'Contacts, newest first: all, those whose name, address or id begins with something, or those of a list or tag.',
    query: { search: Type.String(), setId: Id, until: TimeGiven, ...NEWEST_FIRST },
    answer: ContactPage,
    handle: list,
  }),
  writes({
    path: '/contacts',
    does: 'Makes a contact.',
    action: 'contacts.write',
    body: NewContact,
    answers: { 201: ContactShown },
    handle: create,
  }),
  reads({
    path: one,
    does: 'A contact with its addresses, lists and tags; of one that was merged into another, that other.',
    action: 'contacts.read',
    answer: ContactWhole,
    handle: show,
  }),
  writes({
    method: 'PATCH',
    path: one,
    action: 'contacts.write',
    does: 'Changes a contact; what is not named stays, null takes away.',
    body: ContactPatch,
    answers: { 200: ContactShown },
    async handle(call) {
      const change = checkContactChange(call.body, '');
      if (isFault(change)) return change;
      const ref = { workspaceId: call.workspace.id, id: idIn(call, 'contactId') };
      return async (tx) => {
        const changed = await updateContact(tx, call.workspaceNowMs, ref, change);
        if (isFault(changed)) return changed.fault === 'not_found' ? missing('contact') : changed;
        const audit = { action: 'contact.update', subject: `contact:${ref.id}`, detail: namesOf(change) };
        return { status: 200, body: consoleContact(changed), audit };
      };
    },
  }),
  acts({
    method: 'DELETE',
    path: one,
    does: 'Erases a person from everywhere.',
    action: 'contacts.erase',
    answers: { 204: Nothing },
    handle: async (call) => (tx) => erase(call, tx, idIn(call, 'contactId')),
  }),
  reads({
    path: `${one}/destinations`,
    does: 'The addresses of a contact, and what may not be sent there.',
    action: 'contacts.read',
    answer: DestinationsShown,
    async handle(call) {
      const contact = await findContact(call);
      if (isFault(contact)) return contact;
      const rows = await destinationsOf(call.ctx.sql, call.workspace.id, [contact.id]);
      return { destinations: rows.map(presentDestination) };
    },
  }),
  writes({
    path: `${one}/destinations`,
    does: 'Links an address to a contact.',
    action: 'contacts.write',
    body: NewDestination,
    answers: { 200: DestinationShown, 201: DestinationShown },
    handle: link,
  }),
  acts({
    method: 'DELETE',
    path: address,
    does: 'Takes an address from a contact.',
    action: 'contacts.write',
    answers: { 204: Nothing },
    handle: async (call) => unlink(call),
  }),
  consents('block'),
  consents('unblock'),
  reads({
    path: `${one}/consent`,
    does: 'What was said about what may be sent to a contact, newest first.',
    action: 'contacts.read',
    answer: ConsentShown,
    async handle(call) {
      const contact = await findContact(call);
      if (isFault(contact)) return contact;
      const rows = await consentOf(call.ctx.sql, call.workspace.id, contact.id);
      return {
        entries: rows.map(({ channel, address: of, blockedClasses, reason, atMs }) => ({
          at: timeText(atMs),
          channel,
          address: of,
          blocked: MESSAGE_CLASSES.filter((name) => (blockedClasses & CLASS_BIT[name]) !== 0),
          reason,
        })),
      };
    },
  }),
];

/** The contact of the path, to look at. */
export async function findContact(call: Call<unknown>): Promise<Contact | Fault> {
  return (await contactBy(call, idIn(call, 'contactId'))) ?? missing('contact');
}

/** Who was merged into another is found as whom they became: their id is out in the world. Only to look at; changes name who it is. */
export async function contactBy(
  { ctx: { sql }, workspace }: Call<unknown>,
  id: number,
): Promise<Contact | undefined> {
  if (id <= 0) return undefined;
  const found = await getContact(sql, workspace.id, id);
  if (found) return found;
  const into = (await survivorsOf(sql, workspace.id, [id])).get(id);
  return into === undefined ? undefined : await getContact(sql, workspace.id, into);
}

async function list(call: Call): Promise<ContactPage | Fault> {
  const page = readPageUntil(call);
  if (isFault(page)) return page;
  const setId = queryId(call, 'setId');
  if (isFault(setId)) return setId;
  const { search } = call.query;
  if (setId !== undefined && search !== undefined)
    return breaks('search', 'cannot be given together with setId');
  const within = { limit: page.limit, below: page.before };
  const { contacts, next } = await listContacts(
    call.ctx.sql,
    call.workspace.id,
    setId === undefined ? { ...within, search } : { ...within, setId },
  );
  return { contacts: await contactRows(call, contacts), next: next === undefined ? null : toHex24(next) };
}

async function show(call: Call): Promise<ContactWhole | Fault> {
  const contact = await findContact(call);
  if (isFault(contact)) return contact;
  const { sql } = call.ctx;
  const [destinations, sets, row] = await Promise.all([
    destinationsOf(sql, call.workspace.id, [contact.id]),
    setsOfContact(sql, call.workspace.id, contact.id),
    rowOf(sql, call.workspace.id, contact.id),
  ]);
  const named = (kind: string) =>
    sets.flatMap((set) => (set.kind === kind ? [{ id: toHex24(set.id), name: set.name }] : []));
  return {
    ...consoleContact(contact),
    destinations: destinations.map(presentDestination),
    lists: named('list'),
    tags: named('tag'),
    conversationId: row ? toHex24(row.conversationId) : null,
  };
}

async function create(call: Call<Static<typeof NewContact>>): Promise<Work<201, ContactShown> | Fault> {
  const { body, workspace, ctx, workspaceNowMs: nowMs } = call;
  const { phone, email, ...fields } = body;
  const checked = checkContactChange(fields, '');
  if (isFault(checked)) return checked;
  const addresses: Addressed[] = [];
  for (const [channel, text, field] of [
    ['sms', phone, 'phone'],
    ['email', email, 'email'],
  ] as const) {
    const read = text === undefined ? undefined : readAddress(channel, text, field, workspace.country);
    if (isFault(read)) return read;
    if (read) addresses.push(read);
  }
  const { externalId, ...rest } = checked;
  const identities: Identity[] = [
    ...(externalId ? [{ kind: 'external', value: externalId } as const] : []),
    ...addresses.map(({ identity }) => identity!),
  ];
  const profile = Object.fromEntries(
    Object.entries(rest).filter(([, value]) => value !== null && value !== undefined),
  ) as Profile;
  return async (tx) => {
    const made = await createContact(tx, ctx.ids, nowMs, { workspaceId: workspace.id, identities, profile });
    if (isFault(made)) return made.field === 'external' ? ofExternal(made) : made;
    for (const { channel, address: text } of addresses) {
      const linked = await linkDestination(tx, ctx.ids, nowMs, {
        workspaceId: workspace.id,
        contactId: made.id,
        channel,
        integrationId: null,
        address: text,
      });
      if (isFault(linked)) return linked;
    }
    const audit = { action: 'contact.create', subject: `contact:${made.id}`, detail: namesOf(body) };
    return { status: 201, body: consoleContact(made), audit };
  };
}

function ofExternal(given: Fault): Fault {
  return { ...given, field: 'externalId', message: 'externalId: another contact has it' };
}

/** The audit log says which fields changed, not what of a person: it outlives an erasure. */
function namesOf(body: object): { fields: string[] } {
  return { fields: Object.keys(body) };
}

async function erase(call: Call, tx: Tx, id: number): Promise<Done<204, undefined> | Fault> {
  const { ctx, workspace, workspaceNowMs: atMs, afterCommit } = call;
  const erased =
    id > 0
      ? await erasePerson(ctx, tx, { workspaceId: workspace.id, contactId: id, atMs, afterCommit })
      : undefined;
  if (!erased) return missing('contact');
  return { status: 204, body: undefined, audit: { action: 'contact.erase', subject: `contact:${id}` } };
}

async function link(
  call: Call<Static<typeof NewDestination>>,
): Promise<Work<200 | 201, DestinationShown> | Fault> {
  const { body, workspace, ctx, workspaceNowMs: nowMs } = call;
  const read = readAddress(body.channel, body.address, 'address', workspace.country);
  if (isFault(read)) return read;
  const integration =
    body.integrationId === undefined ? undefined : await ctx.directory.integration(idOf(body.integrationId));
  if (body.integrationId !== undefined && integration?.workspaceId !== workspace.id)
    return missing('integration', 'integrationId');
  if (integration && integration.channel !== body.channel)
    return breaks('integrationId', `is an integration for ${integration.channel}, not ${body.channel}`);
  const contactId = idIn(call, 'contactId');
  return async (tx) => {
    const linked = await linkDestination(tx, ctx.ids, nowMs, {
      workspaceId: workspace.id,
      contactId,
      channel: body.channel,
      integrationId: integration?.id ?? null,
      address: read.address,
    });
    if (isFault(linked)) return linked.fault === 'not_found' ? missing('contact') : linked;
    if ('conflictsWith' in linked)
      return fault('conflict', `address: is contact ${toHex24(linked.conflictsWith)}'s`, {
        field: 'address',
      });
    const rows = await destinationsOf(tx, workspace.id, [contactId]);
    return {
      status: linked.created ? 201 : 200,
      body: presentDestination(rows.find(({ id }) => id === linked.destinationId)!),
      audit: {
        action: 'destination.link',
        subject: `contact:${contactId}`,
        detail: { channel: body.channel, destinationId: toHex24(linked.destinationId) },
      },
    };
  };
}

function unlink(call: Call): Work<204, undefined> {
  const { workspace, workspaceNowMs: nowMs } = call;
  const contactId = idIn(call, 'contactId');
  const destinationId = idIn(call, 'destinationId');
  return async (tx) => {
    const gone = await unlinkDestinations(tx, nowMs, workspace.id, [{ contactId, destinationId }]);
    if (gone.length === 0) return missing('destination');
    const detail = { channel: gone[0]!.channel, destinationId: toHex24(destinationId) };
    return {
      status: 204,
      body: undefined,
      audit: { action: 'destination.unlink', subject: `contact:${contactId}`, detail },
    };
  };
}

/** Says that classes of messages may not be sent to an address, or may be sent again. */
function consents(what: 'block' | 'unblock'): Route {
  return writes({
    path: `${address}/${what}`,
    does:
      what === 'block'
        ? 'Says that classes of messages may not be sent to an address.'
        : 'Lifts what an operator or the provider said; what a person said stays.',
    answers: { 200: DestinationShown },
    action: 'contacts.write',
    body: BlockClasses,
    async handle(call) {
      const { workspace, ctx, workspaceNowMs: nowMs, body } = call;
      const contactId = idIn(call, 'contactId');
      const find = async (tx: Tx) => {
        const all = await destinationsOf(tx, workspace.id, [contactId]);
        return all.find(({ id }) => id === idIn(call, 'destinationId'));
      };
      return async (tx) => {
        const found = await find(tx);
        if (!found) return missing('destination');
        const at = { workspaceId: workspace.id, channel: found.channel, address: found.address, contactId };
        const act = {
          ...at,
          classes: body.classes,
          by: 'operator',
          reason: body.reason ?? 'operator',
        } as const;
        if (what === 'block') await blockDestination(tx, ctx.ids, nowMs, { ...act, cause: 'banned' });
        else if (
          !(await liftByOperator(tx, ctx.ids, nowMs, act)) &&
          found.blockedClasses & bitsOf(body.classes)
        )
          return othersLift(found);
        return {
          status: 200,
          body: presentDestination((await find(tx))!),
          audit: {
            action: `destination.${what}`,
            subject: `contact:${contactId}`,
            detail: { destinationId: toHex24(found.id), classes: body.classes, reason: act.reason },
          },
        };
      };
    },
  });
}

/** Whoever said no must say yes: a person's opt-out or complaint is not an operator's to take back. */
function othersLift({ blocks }: Destination): Fault {
  const causes = (readBlocks(blocks) ?? []).map(({ cause }) => cause);
  return fault(
    'conflict',
    `The address is blocked by the person or the provider (${causes.join(', ')}): only they can take that back.`,
  );
}
