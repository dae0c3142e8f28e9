/** The menu of an app, and of one integration where it differs. Kept among the settings of the workspace. */
import { type Static, Type } from 'typebox';
import { LIMITS, URI_PATTERN } from '../../../contract/content.ts';
import { updateWorkspace } from '../../accounts/workspaces.ts';
import { randomToken } from '../../base/crypto.ts';
import { isFault } from '../../base/fault.ts';
import { integrationNamed } from './messageInput.ts';
import {
  acts,
  breaks,
  missing,
  reads,
  writes,
  type Call,
  type Outcome,
  type Route,
  type SunshineFault,
  type Work,
} from './route.ts';

const label = Type.String({ minLength: 1, maxLength: LIMITS.label });
const fields = {
  text: label,
  payload: Type.Optional(Type.String({ minLength: 1, maxLength: LIMITS.payload })),
  uri: Type.Optional(
    Type.String({
      maxLength: LIMITS.uri,
      pattern: URI_PATTERN,
      rule: 'must be an absolute URI, such as https://example.com/',
    }),
  ),
};
const Entry = Type.Object({
  type: Type.Union([Type.Literal('link'), Type.Literal('postback')]),
  ...fields,
});
const Menu = Type.Object({
  items: Type.Array(
    Type.Object({
      type: Type.Union([Type.Literal('link'), Type.Literal('postback'), Type.Literal('submenu')]),
      ...fields,
      items: Type.Optional(Type.Array(Entry, { minItems: 1, maxItems: 5 })),
    }),
    { maxItems: 5 },
  ),
});

/** `…/menu` and `…/integrations/{integrationId}/menu`. */
export const menuRoutes: readonly Route[] = ['/menu', '/integrations/:integrationId/menu'].flatMap(
  (path): Route[] => [
    reads({ path, action: 'integrations.read', handle: show }),
    writes({
      method: 'PUT',
      path,
      action: 'integrations.manage',
      body: Menu,
      handle: (call) => set(call, 200),
    }),
    writes({
      method: 'POST',
      path,
      action: 'integrations.manage',
      body: Menu,
      handle: (call) => set(call, 201),
    }),
    acts({ method: 'DELETE', path, action: 'integrations.manage', handle: remove }),
  ],
);

async function show(call: Call): Promise<Outcome> {
  const name = await nameOf(call);
  if (isFault(name)) return name;
  return answer(200, (call.workspace.settings[name] as unknown[] | undefined) ?? []);
}

async function set(call: Call<Static<typeof Menu>>, status: number): Promise<Work | SunshineFault> {
  const name = await nameOf(call);
  if (isFault(name)) return name;
  const { items } = call.body;
  const broken = items.flatMap((item, i) => lacking(item, `items[${i}]`) ?? [])[0];
  if (broken) return broken;
  return await keep(call, name, status, items.map(numbered));
}

async function remove(call: Call): Promise<Work | SunshineFault> {
  const name = await nameOf(call);
  return isFault(name) ? name : await keep(call, name, 200, null);
}

async function keep(
  call: Call<unknown>,
  name: string,
  status: number,
  items: unknown[] | null,
): Promise<Work> {
  const { ctx, workspace } = call;
  return async (tx) => {
    const changed = await updateWorkspace(tx, { id: workspace.id, settings: { [name]: items } });
    if (isFault(changed))
      return changed.fault === 'not_found' ? missing('app') : breaks('items', 'are too long');
    call.afterCommit(() => ctx.directory.forget(workspace.id));
    return answer(status, items ?? []);
  };
}

/** Under which name the menu is kept; a fault when the integration is not there. */
async function nameOf(call: Call<unknown>): Promise<string | SunshineFault> {
  const text = call.params['integrationId'];
  if (text === undefined) return 'menu';
  const integration = await integrationNamed(call, text, 'integrationId');
  return isFault(integration) ? integration : `menuOf${integration.id}`;
}

type Item = Static<typeof Menu>['items'][number];

/** What an item of its type needs and does not have. */
function lacking(item: Item, path: string): SunshineFault | undefined {
  if (item.type === 'link' && item.uri === undefined) return breaks(`${path}.uri`, 'is required');
  if (item.type === 'postback' && item.payload === undefined) return breaks(`${path}.payload`, 'is required');
  if (item.type !== 'submenu') return undefined;
  if (!item.items) return breaks(`${path}.items`, 'is required');
  return item.items.map((inner, i) => lacking(inner, `${path}.items[${i}]`)).find(Boolean);
}

function numbered(item: Item): Record<string, unknown> {
  const { items, ...rest } = item;
  const id = Buffer.from(randomToken(12), 'base64url').toString('hex');
  return { _id: id, ...rest, ...(items && item.type === 'submenu' ? { items: items.map(numbered) } : {}) };
}

function answer(status: number, items: unknown[]): Outcome {
  return { status, body: { menu: { items } } };
}
