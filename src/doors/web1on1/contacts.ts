/** Contacts, as they are found before a conversation is begun (api/web1on1.md §B.4). */
import { ContactList, ContactShown } from '../../../contract/doors/web1on1/answers.ts';
import { ChangedContact } from '../../../contract/doors/web1on1/bodies.ts';
import { namePartsOf } from '../../../contract/personName.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import {
  findContact,
  getContact,
  getContacts,
  listContacts,
  updateContact,
  type Contact,
} from '../../contacts/contacts.ts';
import { normaliseEmail } from '../../content/address.ts';
import { normalisePhone } from '../../content/phone.ts';
import { conversationsOf } from '../../conversations/conversations.ts';
import type { Db } from '../../db/pool.ts';
import { identitiesByContact } from './conversations.ts';
import { web1on1Contact, type Organization } from './present.ts';
import { nextQuery, readQuery, selected, wanted, type FieldKind, type Query } from './query.ts';
import {
  missing,
  readId,
  reads,
  theirNowMs,
  writes,
  type Call,
  type RouteOutcome,
  type Route,
  type Work,
} from './route.ts';

/** `/contacts`. */
export const contactRoutes: readonly Route[] = [
  reads({
    path: '/contacts',
    does: 'Contacts, as they are found before a conversation is begun.',
    scope: 'agent',
    action: 'contacts.read',
    answers: { 200: ContactList },
    handle: list,
  }),
  reads({
    path: '/contacts/:id',
    does: 'A contact.',
    scope: 'agent',
    action: 'contacts.read',
    answers: { 200: ContactShown },
    handle: get,
  }),
  writes({
    method: 'PATCH',
    path: '/contacts/:id',
    scope: 'agent',
    action: 'contacts.write',
    does: 'Changes what is known of a contact.',
    body: ChangedContact,
    answers: { 200: ContactShown },
    handle: change,
  }),
];

/** Pages beyond this are not walked to: a search is the better way. */
const FARTHEST = 10_000;

async function list(call: Call): Promise<RouteOutcome<200, Partial<ContactShown>[]>> {
  const query = readQuery(call.query, kindOf);
  if (isFault(query)) return query;
  if (query.offset > FARTHEST) return breaks('offset', `must not be above ${FARTHEST}`);
  const { sql } = call.ctx;
  const found = await find(call, sql, query);
  const page = found.slice(0, query.limit);
  const shown = await show(sql, call.workspace, page);
  return {
    status: 200,
    body: shown.map((one) => selected(one, query.select)),
    ...(found.length > query.limit ? { next: nextQuery(call.query, query) } : {}),
  };
}

/** One more than a page. A filter that names people decides; without, all there are, newest first. */
async function find(call: Call, db: Db, query: Query): Promise<Contact[]> {
  const { workspace } = call;
  const organizations = wanted(query, 'organization')?.map(Number);
  if (organizations && !organizations.includes(workspace.id)) return [];
  const ids = wanted(query, 'id')?.map(Number);
  if (ids) return (await getContacts(db, workspace.id, ids)).slice(query.offset);
  const named = await Promise.all([
    ...(wanted(query, 'profile.telephone') ?? []).map((text) => {
      // A plus sign that was not escaped is a space.
      const phone = normalisePhone(text.replace(/^ /, '+'), { defaultCountry: workspace.country });
      return isFault(phone) ? undefined : findContact(db, workspace.id, { kind: 'phone', value: phone.e164 });
    }),
    ...(wanted(query, 'profile.email') ?? []).map((text) => {
      const email = normaliseEmail(text);
      return isFault(email) ? undefined : findContact(db, workspace.id, { kind: 'email', value: email });
    }),
  ]);
  if (named.length > 0) return named.filter((contact) => contact !== undefined).slice(query.offset);
  const search = query.conditions.find(({ field }) => field.startsWith('profile.'))?.values[0];
  const { contacts } = await listContacts(db, workspace.id, {
    limit: query.offset + query.limit + 1,
    ...(search === undefined ? {} : { search: String(search) }),
  });
  return contacts.slice(query.offset);
}

async function get(call: Call): Promise<RouteOutcome<200, ContactShown>> {
  const id = readId(call.params['id']!, 'id');
  if (isFault(id)) return id;
  const contact = await getContact(call.ctx.sql, call.workspace.id, id);
  if (!contact) return missing('contact');
  const [shown] = await show(call.ctx.sql, call.workspace, [contact]);
  return { status: 200, body: shown! };
}

async function change(call: Call<ChangedContact>): Promise<Work<200, ContactShown> | Fault> {
  const id = readId(call.params['id']!, 'id');
  if (isFault(id)) return id;
  const { name, givenName, familyName, locale, address } = call.body.profile;
  const parts = namePartsOf(name ?? '');
  const given = givenName ?? parts.givenName;
  const family = familyName ?? parts.surname;
  return async (tx) => {
    const elsewhere = await otherAddress(call, tx, id);
    if (elsewhere) return elsewhere;
    const changed = await updateContact(
      tx,
      theirNowMs(call),
      { workspaceId: call.workspace.id, id },
      {
        ...(given === undefined ? {} : { givenName: given }),
        ...(family === undefined ? {} : { surname: family }),
        ...(locale === undefined ? {} : { locale }),
        ...(address === undefined ? {} : { attributes: { address } }),
      },
    );
    if (isFault(changed)) return changed.fault === 'not_found' ? missing('contact') : changed;
    const [shown] = await show(tx, call.workspace, [changed]);
    return {
      status: 200,
      body: shown!,
      audit: { action: 'contact.update', subject: `contact:${id}` },
    };
  };
}

/** Addresses are what a contact is known by, and stay: its own may be given back, as it was read. */
async function otherAddress(call: Call<ChangedContact>, db: Db, id: number): Promise<Fault | undefined> {
  const { workspace, body } = call;
  const { telephone, email } = body.profile;
  if (telephone === undefined && email === undefined) return undefined;
  const own = (await identitiesByContact(db, workspace.id, [id])).get(id) ?? [];
  const has = (kind: string, value: string | Fault) =>
    own.some((one) => one.kind === kind && one.value === value);
  const phone =
    telephone === undefined ? undefined : normalisePhone(telephone, { defaultCountry: workspace.country });
  const mail = email === undefined ? undefined : normaliseEmail(email);
  const field =
    phone !== undefined && !has('phone', isFault(phone) ? phone : phone.e164)
      ? 'telephone'
      : mail !== undefined && !has('email', mail)
        ? 'email'
        : undefined;
  return field && breaks(`profile.${field}`, 'cannot be changed; begin a conversation with it');
}

async function show(db: Db, organization: Organization, contacts: readonly Contact[]) {
  const { id: workspaceId } = organization;
  const ids = contacts.map(({ id }) => id);
  const [identities, conversations] = await Promise.all([
    identitiesByContact(db, workspaceId, ids),
    conversationsOf(db, ids),
  ]);
  return contacts.map((contact) =>
    web1on1Contact(
      organization,
      contact,
      identities.get(contact.id) ?? [],
      conversations.get(contact.id)?.id,
    ),
  );
}

const FIELDS: Readonly<Record<string, FieldKind>> = {
  id: 'id',
  organization: 'id',
  'profile.telephone': 'text',
  'profile.email': 'text',
  'profile.name': 'text',
};

function kindOf(field: string): FieldKind | undefined {
  return Object.hasOwn(FIELDS, field) ? FIELDS[field] : undefined;
}
