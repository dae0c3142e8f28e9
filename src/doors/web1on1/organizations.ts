/** What a bot looks up about where it is, and sets: its organization, who else can act, and the inbox (api/web1on1.md §B.2). */
import { type TObject, type TSchema, Type } from 'typebox';
import { ChannelShown, OrganizationShown, UserShown } from '../../../contract/doors/web1on1/answers.ts';
import { ChangedOrganization } from '../../../contract/doors/web1on1/bodies.ts';
import type { Action } from '../../../contract/roles.ts';
import { updateWorkspace } from '../../accounts/workspaces.ts';
import { isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import { usersOf, type User } from './callers.ts';
import { inboxOf } from '../../threads/posts.ts';
import { organizationOf, presentOrganization } from './present.ts';
import { organizationSettings } from './settings.ts';
import { readQuery, selected, type FieldKind } from './query.ts';
import { missing, reads, writes, type Call, type Route, type Work } from './route.ts';

/** `/organizations`, `/users`, `/bots`, `/channels`. */
export const organizationRoutes: readonly Route[] = [
  ...lookUps('organizations', 'bot', 'workspace.read', OrganizationShown, (call) => [
    presentOrganization(call.workspace),
  ]),
  writes({
    method: 'PATCH',
    path: '/organizations/:id',
    scope: 'admin',
    action: 'workspace.update',
    does: 'Changes names and settings of the organization.',
    body: ChangedOrganization,
    answers: { 200: OrganizationShown },
    handle: change,
  }),
  ...lookUps('users', 'viewer', 'members.read', UserShown, async (call) => {
    const users = await usersOf(call.ctx, call.workspace.id);
    return users.map((user) => presentUser(call, user));
  }),
  ...lookUps('bots', 'viewer', 'members.read', UserShown, async (call) => {
    const users = await usersOf(call.ctx, call.workspace.id);
    return users.filter(({ role }) => role === 'bot').map((user) => presentUser(call, user));
  }),
  ...lookUps('channels', 'agent', 'integrations.read', ChannelShown, (call) => [
    { ...organizationOf(call.workspace), id: inboxOf(call.workspace.id), name: 'Inbox' },
  ]),
];

/** Names and settings of the organization (W18, W50). */
async function change(call: Call<ChangedOrganization>): Promise<Work<200, OrganizationShown> | Fault> {
  const { ctx, workspace, body, afterCommit } = call;
  if (call.params['id']!.toLowerCase() !== toHex24(workspace.id)) return missing('organization');
  const { name, displayName, language, settings } = body;
  const called = displayName ?? name;
  const wanted = {
    ...(called === undefined ? {} : { name: called }),
    settings: { ...settings, ...(language === undefined ? {} : { language }) },
  };
  return async (tx) => {
    const changed = await updateWorkspace(tx, { id: workspace.id, nowMs: ctx.clock.nowMs(), ...wanted });
    if (isFault(changed)) return changed;
    afterCommit(() => ctx.directory.forget(workspace.id));
    return {
      status: 200,
      body: presentOrganization(changed),
      audit: { action: 'workspace.update', subject: `workspace:${workspace.id}` },
    };
  };
}

type Thing = { id: string };

/** A list that is short enough to be read whole, and one of it by its id; `me` is the caller. */
function lookUps(
  name: string,
  scope: 'viewer' | 'agent' | 'bot',
  action: Action,
  shown: TObject,
  all: (call: Call) => Thing[] | Promise<Thing[]>,
): Route[] {
  // What is shown of a thing is its own room's; the schema holds it.
  const whole: TSchema = shown;
  return [
    reads({
      path: `/${name}`,
      does: `The ${name} there are.`,
      answers: { 200: Type.Array(Type.Partial(shown)) as TSchema },
      scope: scope === 'viewer' ? 'bot' : scope,
      action,
      async handle(call) {
        const query = readQuery(call.query, (field) =>
          Object.hasOwn(FIELDS, field) ? FIELDS[field] : undefined,
        );
        if (isFault(query)) return query;
        const things = (await all(call)).filter((thing) =>
          query.conditions.every(({ field, values }) => {
            const value = (thing as Record<string, unknown>)[field];
            return values.some((one) => value === (typeof one === 'number' ? toHex24(one) : one));
          }),
        );
        const page = things.slice(query.offset, query.offset + query.limit);
        return { status: 200, body: page.map((thing) => selected(thing, query.select)) };
      },
    }),
    reads({
      path: `/${name}/:id`,
      does: `One of the ${name}, by its id; \`me\` is the caller.`,
      answers: { 200: whole },
      scope,
      action,
      async handle(call) {
        const id = call.params['id'] === 'me' ? call.caller.userId : call.params['id']!.toLowerCase();
        const thing = (await all(call)).find((one) => one.id === id);
        return thing ? { status: 200, body: thing } : missing(name.slice(0, -1));
      },
    }),
  ];
}

const FIELDS: Readonly<Record<string, FieldKind>> = {
  id: 'id',
  organization: 'id',
  name: 'text',
  role: 'text',
};

function presentUser({ workspace }: Call, { id, name, role, email }: User): UserShown {
  return {
    ...organizationOf(workspace),
    id,
    name,
    displayName: name,
    email,
    role,
    avatar: organizationSettings(workspace.settings).avatarUrl,
    status: 'active',
    enabled: true,
  };
}
