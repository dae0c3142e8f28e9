/** The menu of an app, and of one integration where it differs. Kept among the settings of the workspace. */
import { Menu, type MenuItem, MenuShown } from '../../../contract/doors/sunshine/apps.ts';
import { type Static } from 'typebox';
import { updateWorkspace } from '../../accounts/workspaces.ts';
import { randomToken } from '../../base/crypto.ts';
import { breaks, isFault } from '../../base/fault.ts';
import { integrationNamed } from './messageInput.ts';
import {
  acts,
  missing,
  reads,
  writes,
  type Call,
  type RouteOutcome,
  type Route,
  type SunshineFault,
  type Work,
} from './route.ts';
import { appSettings, menuIs } from './settings.ts';

/** `…/menu` and `…/integrations/{integrationId}/menu`. */
export const menuRoutes: readonly Route[] = ['/menu', '/integrations/:integrationId/menu'].flatMap(
  (path): Route[] => [
    reads({
      path,
      does: 'The menu.',
      action: 'integrations.read',
      answers: { 200: MenuShown },
      handle: show,
    }),
    writes({
      method: 'PUT',
      path,
      action: 'integrations.manage',
      does: 'Sets the menu.',
      body: Menu,
      answers: { 200: MenuShown },
      handle: (call) => set(call, 200),
    }),
    writes({
      method: 'POST',
      path,
      action: 'integrations.manage',
      does: 'Sets the menu.',
      body: Menu,
      answers: { 201: MenuShown },
      handle: (call) => set(call, 201),
    }),
    acts({
      method: 'DELETE',
      path,
      does: 'Takes the menu away.',
      action: 'integrations.manage',
      answers: { 200: MenuShown },
      handle: remove,
    }),
  ],
);

type Shown = Static<typeof MenuShown>;

async function show(call: Call): Promise<RouteOutcome<200, Shown>> {
  const of = await whoseMenu(call);
  if (isFault(of)) return of;
  return answer(200, appSettings(call.workspace.settings).menuOf(of.integrationId));
}

async function set<S extends number>(
  call: Call<Static<typeof Menu>>,
  status: S,
): Promise<Work<S, Shown> | SunshineFault> {
  const of = await whoseMenu(call);
  if (isFault(of)) return of;
  const { items } = call.body;
  const broken = items.flatMap((item, i) => lacking(item, `items[${i}]`) ?? [])[0];
  if (broken) return broken;
  return await keep(call, of, status, items.map(numberedWhole));
}

async function remove(call: Call): Promise<Work<200, Shown> | SunshineFault> {
  const of = await whoseMenu(call);
  return isFault(of) ? of : await keep(call, of, 200, null);
}

async function keep<S extends number>(
  call: Call<unknown>,
  of: WhoseMenu,
  status: S,
  items: MenuItem[] | null,
): Promise<Work<S, Shown>> {
  const { ctx, workspace } = call;
  return async (tx) => {
    const changed = await updateWorkspace(tx, {
      id: workspace.id,
      settings: menuIs(of.integrationId, items),
      nowMs: ctx.clock.nowMs(),
    });
    if (isFault(changed))
      return changed.fault === 'not_found' ? missing('app') : breaks('items', 'are too long');
    call.afterCommit(() => ctx.directory.forget(workspace.id));
    return answer(status, items ?? []);
  };
}

/** An integration's menu, or the app's own. */
type WhoseMenu = { integrationId?: number };

/** Whose menu the path names; a fault when the integration is not there. */
async function whoseMenu(call: Call<unknown>): Promise<WhoseMenu | SunshineFault> {
  const text = call.params['integrationId'];
  if (text === undefined) return {};
  const integration = await integrationNamed(call, text, 'integrationId');
  return isFault(integration) ? integration : { integrationId: integration.id };
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

function numberedWhole({ items, ...item }: Item): MenuItem {
  return { ...numbered(item), ...(items && item.type === 'submenu' ? { items: items.map(numbered) } : {}) };
}

function numbered<T extends object>(item: T): T & { _id: string } {
  return { _id: Buffer.from(randomToken(12), 'base64url').toString('hex'), ...item };
}

function answer<S extends number>(status: S, items: MenuItem[]): RouteOutcome<S, Shown> {
  return { status, body: { menu: { items } } };
}
