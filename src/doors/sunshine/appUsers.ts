/** Users: made before they come, read, changed, forgotten (api/sunshine.md §3.2; N30). */
import { type Static, Type } from 'typebox';
import { parseIsoTime } from '../../base/clock.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { createContact, updateContact, type Contact } from '../../contacts/contacts.ts';
import { checkAttributes, CONTACT_LIMITS, type ContactChange } from '../../contacts/profile.ts';
import { normaliseEmail } from '../../content/address.ts';
import { checkMetadata } from '../../content/check.ts';
import type { Db } from '../../db/pool.ts';
import { erasePerson } from '../../people/people.ts';
import { presentUser, presentUserBriefly, type KnownIntegration } from './present.ts';
import {
  acts,
  breaks,
  reads,
  writes,
  type Call,
  type Outcome,
  type Route,
  type SunshineFault,
  type Work,
} from './route.ts';
import { tell } from './told.ts';
import { findUser, loadUser } from './users.ts';

const text = (maxLength: number) => Type.Optional(Type.Union([Type.String({ maxLength }), Type.Null()]));
const profile = {
  givenName: text(CONTACT_LIMITS.name),
  surname: text(CONTACT_LIMITS.name),
  email: text(254),
  signedUpAt: text(64),
  properties: Type.Optional(
    Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()])),
  ),
};

const NewUser = Type.Object({
  userId: Type.String({ minLength: 1, maxLength: CONTACT_LIMITS.externalId }),
  credentialRequired: Type.Optional(Type.Boolean()),
  ...profile,
});
/** What can be said of a user. */
export const ChangedUser = Type.Object(profile);

/** `…/appusers`. */
export const appUserRoutes: readonly Route[] = [
  writes({ method: 'POST', path: '/appusers', action: 'contacts.write', body: NewUser, handle: create }),
  reads({
    path: '/appusers/:userId',
    action: 'contacts.read',
    scopes: ['account', 'app', 'appUser'],
    async handle(call) {
      const integrations = await call.ctx.directory.integrationsOf(call.workspace.id);
      const contact = await findUser(call, call.ctx.sql);
      return isFault(contact) ? contact : await shown(call.ctx.sql, contact, integrations, 200);
    },
  }),
  writes({
    method: 'PUT',
    path: '/appusers/:userId',
    action: 'contacts.write',
    scopes: ['account', 'app', 'appUser'],
    body: ChangedUser,
    handle: update,
  }),
  acts({
    method: 'DELETE',
    path: '/appusers/:userId',
    action: 'contacts.erase',
    handle: async (call) => (tx) => erase(call, tx),
  }),
  acts({
    method: 'DELETE',
    path: '/appusers/:userId/profile',
    action: 'contacts.erase',
    handle: forgetProfile,
  }),
  reads({
    path: '/appusers/:userId/businesssystems',
    action: 'contacts.read',
    async handle(call) {
      const contact = await findUser(call, call.ctx.sql);
      return isFault(contact) ? contact : { status: 200, body: { businessSystems: [] } };
    },
  }),
];

async function create(call: Call<Static<typeof NewUser>>): Promise<Work | SunshineFault> {
  const { userId, credentialRequired, ...given } = call.body;
  const { ctx, workspace, nowMs } = call;
  if (!userId.trim()) return breaks('userId', 'must not be blank');
  const change = readProfile(given);
  if (isFault(change)) return change;
  const { attributes, signedUpMs, givenName, surname } = change;
  const integrations = await ctx.directory.integrationsOf(workspace.id);
  return async (tx) => {
    const made = await createContact(tx, ctx.ids, nowMs + workspace.clockAheadMs, {
      workspaceId: workspace.id,
      identities: [{ kind: 'external', value: userId }],
      profile: {
        credentialRequired: credentialRequired ?? false,
        givenName: givenName ?? undefined,
        surname: surname ?? undefined,
        signedUpMs: signedUpMs ?? undefined,
        attributes,
      },
    });
    if (isFault(made))
      return made.fault === 'conflict'
        ? fault('conflict', 'userId: another user has it', { field: 'userId' })
        : made;
    return await shown(tx, made, integrations, 201);
  };
}

async function update(call: Call<Static<typeof ChangedUser>>): Promise<Work | SunshineFault> {
  const change = readProfile(call.body);
  if (isFault(change)) return change;
  const { ctx, workspace, nowMs } = call;
  const integrations = await ctx.directory.integrationsOf(workspace.id);
  return async (tx) => {
    const contact = await findUser(call, tx);
    if (isFault(contact)) return contact;
    const changed = await updateContact(tx, nowMs + workspace.clockAheadMs, contact, change);
    return isFault(changed) ? changed : await shown(tx, changed, integrations, 200);
  };
}

async function erase(call: Call, tx: Parameters<Work>[0]): Promise<Outcome> {
  const contact = await findUser(call, tx);
  if (isFault(contact)) return contact;
  const user = await loadUser(tx, contact);
  await erasePerson(call.ctx, tx, {
    workspaceId: call.workspace.id,
    contactId: contact.id,
    atMs: call.nowMs + call.workspace.clockAheadMs,
    afterCommit: call.afterCommit,
  });
  await tell(call, tx, [
    { trigger: 'appUser:delete', contactId: contact.id, more: {}, appUser: presentUserBriefly(user) },
  ]);
  return { status: 200, body: {}, audit: { action: 'contact.erase', subject: `contact:${contact.id}` } };
}

async function forgetProfile(call: Call): Promise<Work> {
  const { ctx, workspace, nowMs } = call;
  const integrations = await ctx.directory.integrationsOf(workspace.id);
  return async (tx) => {
    const contact = await findUser(call, tx);
    if (isFault(contact)) return contact;
    const changed = await updateContact(tx, nowMs + workspace.clockAheadMs, contact, {
      givenName: null,
      surname: null,
      attributes: Object.fromEntries(Object.keys(contact.attributes).map((name) => [name, null])),
    });
    return isFault(changed) ? changed : await shown(tx, changed, integrations, 200);
  };
}

async function shown(
  db: Db,
  contact: Contact,
  integrations: readonly KnownIntegration[],
  status: number,
): Promise<Outcome> {
  return { status, body: { appUser: presentUser(await loadUser(db, contact), integrations) } };
}

/** Fields of a profile as a change of a contact. An empty name is none. */
/** What is told of a user, as the contact's fields. */
export function readProfile(given: Static<typeof ChangedUser>): ContactChange | Fault {
  const { givenName, surname, email, signedUpAt, properties } = given;
  const attributes: Record<string, unknown> = { ...properties };
  const broken = checkMetadata(properties, 'properties') ?? checkAttributes(attributes, 'properties');
  if (broken) return broken;
  if (email !== undefined) {
    const address = email ? normaliseEmail(email, 'email') : null;
    if (isFault(address)) return address;
    attributes['email'] = address;
  }
  const signedUpMs = signedUpAt ? parseIsoTime(signedUpAt) : null;
  if (signedUpMs === undefined)
    return breaks('signedUpAt', 'must be an ISO 8601 time with a zone, such as 2026-11-20T08:00:00Z');
  if (signedUpMs !== null && (signedUpMs < 0 || signedUpMs > LATEST_MS))
    return breaks('signedUpAt', 'must be a time between 1970 and 9999');
  return {
    ...(givenName === undefined ? {} : { givenName: givenName || null }),
    ...(surname === undefined ? {} : { surname: surname || null }),
    ...(signedUpAt === undefined ? {} : { signedUpMs }),
    ...(Object.keys(attributes).length > 0 ? { attributes } : {}),
  };
}

const LATEST_MS = Date.UTC(9999, 11, 31);
