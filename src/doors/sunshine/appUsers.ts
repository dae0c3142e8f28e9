/** Users: made before they come, read, changed, forgotten (api/sunshine.md §3.2; N30). */
import { BusinessSystems, ChangedUser, NewUser, UserShown } from '../../../contract/doors/sunshine/users.ts';
import { Done } from '../../../contract/doors/sunshine/fields.ts';
import { type Static } from 'typebox';
import { parseIsoTime } from '../../base/clock.ts';
import { breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import { createContact, updateContact, type Contact } from '../../contacts/contacts.ts';
import { checkAttributes, type ContactChange } from '../../contacts/profile.ts';
import { normaliseEmail } from '../../content/address.ts';
import { checkMetadata } from '../../content/check.ts';
import type { Db } from '../../db/pool.ts';
import { erasePerson } from '../../people/people.ts';
import { presentUser, presentUserBriefly, type KnownIntegration } from './present.ts';
import {
  acts,
  reads,
  writes,
  type Call,
  type RouteOutcome,
  type Route,
  type SunshineFault,
  type Work,
} from './route.ts';
import { tellOfUsers } from './told.ts';
import { findUser, loadUser } from './users.ts';

/** `…/appusers`. */
export const appUserRoutes: readonly Route[] = [
  writes({
    method: 'POST',
    path: '/appusers',
    does: 'Makes a user before they come.',
    action: 'contacts.write',
    body: NewUser,
    answers: { 201: UserShown },
    handle: create,
  }),
  reads({
    path: '/appusers/:userId',
    does: 'A user.',
    answers: { 200: UserShown },
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
    does: 'Changes a user; what is not named stays, null takes away.',
    body: ChangedUser,
    answers: { 200: UserShown },
    handle: update,
  }),
  acts({
    method: 'DELETE',
    path: '/appusers/:userId',
    does: 'Erases a user from everywhere.',
    action: 'contacts.erase',
    answers: { 200: Done },
    handle: async (call) => (tx) => erase(call, tx),
  }),
  acts({
    method: 'DELETE',
    path: '/appusers/:userId/profile',
    does: 'Forgets what is known of a user; what was said stays.',
    action: 'contacts.erase',
    answers: { 200: UserShown },
    handle: forgetProfile,
  }),
  reads({
    path: '/appusers/:userId/businesssystems',
    does: 'Systems of the business that know the user: none.',
    answers: { 200: BusinessSystems },
    action: 'contacts.read',
    async handle(call) {
      const contact = await findUser(call, call.ctx.sql);
      return isFault(contact) ? contact : { status: 200, body: { businessSystems: [] } };
    },
  }),
];

async function create(call: Call<Static<typeof NewUser>>): Promise<Work<201, UserShown> | SunshineFault> {
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

async function update(call: Call<Static<typeof ChangedUser>>): Promise<Work<200, UserShown> | SunshineFault> {
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

async function erase(call: Call, tx: Parameters<Work>[0]): Promise<RouteOutcome<200, object>> {
  const contact = await findUser(call, tx);
  if (isFault(contact)) return contact;
  const user = await loadUser(tx, contact);
  await erasePerson(call.ctx, tx, {
    workspaceId: call.workspace.id,
    contactId: contact.id,
    atMs: call.nowMs + call.workspace.clockAheadMs,
    afterCommit: call.afterCommit,
  });
  await tellOfUsers(call, tx, [
    { trigger: 'appUser:delete', contactId: contact.id, more: {}, appUser: presentUserBriefly(user) },
  ]);
  return { status: 200, body: {}, audit: { action: 'contact.erase', subject: `contact:${contact.id}` } };
}

async function forgetProfile(call: Call): Promise<Work<200, UserShown>> {
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

async function shown<S extends number>(
  db: Db,
  contact: Contact,
  integrations: readonly KnownIntegration[],
  status: S,
): Promise<RouteOutcome<S, UserShown>> {
  return { status, body: { appUser: presentUser(await loadUser(db, contact), integrations) } };
}

/** Fields of a profile as a change of a contact. An empty name is none. */
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
