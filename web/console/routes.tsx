/** The map of the console: every page there is, and what each address may hold. */
import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import type { Rule } from '../../contract/campaign.ts';
import { TIMELINE_KINDS, type TimelineKind } from '../../contract/timelineKinds.ts';
import { PRIORITIES, SORTS, type Priority, type Sort } from '../../contract/inboxViews.ts';
import { bootstrapQuery } from './api/queries.ts';
import { MOST_CONDITIONS } from './paths.ts';
import { dayIn } from '../shared/days.ts';
import { Inbox } from './pages/inbox/Inbox.tsx';
import { Empty, Failed } from './ui/states.tsx';
import { Shell } from './shell/Shell.tsx';
import { fetched } from './ui/onDemand.ts';

/** What any address of a workspace may hold. */
export type Search = {
  q?: string;
  channel?: string;
  /** Whose conversations, and of whom who has which tag. */
  assignee?: string;
  team?: string;
  tag?: string;
  priority?: Priority;
  sort?: Sort;
  unread?: boolean;
  why?: string;
  contact?: string;
  /** Which of somebody's devices the simulator shows: a channel and an address, or the web page. */
  app?: string;
  in?: 'messages';
  /** Where a conversation is opened: at a message, or a day. */
  at?: string;
  /** Up to which day a list is shown. */
  day?: string;
  /** What of a person's timeline is shown. */
  kind?: TimelineKind;
};

const ID = /^[0-9a-f]{24}$/;
const textIn = (given: unknown) => (typeof given === 'string' && given !== '' ? given : undefined);
const idIn = (given: unknown) => (typeof given === 'string' && ID.test(given) ? given : undefined);
const searchOf = (given: Record<string, unknown>): Search => ({
  q: textIn(given['q']),
  channel: textIn(given['channel']),
  assignee: idIn(given['assignee']),
  team: idIn(given['team']),
  tag: idIn(given['tag']),
  priority: PRIORITIES.find((one) => one === given['priority']),
  sort: SORTS.find((one) => one === given['sort']),
  unread: given['unread'] === true ? true : undefined,
  why: textIn(given['why']),
  contact: textIn(given['contact']),
  app: textIn(given['app']),
  in: given['in'] === 'messages' ? 'messages' : undefined,
  at: ID.test(textIn(given['at']) ?? '') ? textIn(given['at']) : dayIn(textIn(given['at'])),
  day: dayIn(textIn(given['day'])),
  kind: TIMELINE_KINDS.find((one) => one === given['kind']),
});

/** Conditions in an address: what is none is left out, and the server says what is wrong with one. */
function conditionsIn(given: unknown): Rule[] | undefined {
  if (!Array.isArray(given)) return undefined;
  const rules = (given as unknown[]).filter((one) => typeof one === 'object' && one !== null);
  return rules.length > 0 ? (rules.slice(0, MOST_CONDITIONS) as Rule[]) : undefined;
}

const root = createRootRouteWithContext<{ client: QueryClient }>()({
  component: Outlet,
  notFoundComponent: () => (
    <main className="alone">
      <Empty title="There is no such page">
        <p>
          <a href="/">To the console</a>
        </p>
      </Empty>
    </main>
  ),
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (given: Record<string, unknown>): { to?: string } => ({ to: textIn(given['to']) }),
  // Seldom the first page: what it is made of is not in everybody's way.
  component: lazyRouteComponent(() => fetched(() => import('./pages/session/SignIn.tsx')), 'SignIn'),
});
const enter = createRoute({
  getParentRoute: () => root,
  path: '/enter',
  component: lazyRouteComponent(() => fetched(() => import('./pages/session/Enter.tsx')), 'Enter'),
});
const me = createRoute({
  getParentRoute: () => root,
  path: '/me',
  loader: ({ context: { client } }) => client.ensureQueryData(bootstrapQuery),
  component: lazyRouteComponent(() => fetched(() => import('./pages/me/Me.tsx')), 'Me'),
  errorComponent: ({ error, reset }) => <Failed error={error as Error} retry={reset} />,
});
const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  async beforeLoad({ context: { client } }) {
    const { workspaces } = await client.ensureQueryData(bootstrapQuery);
    const kept = localStorage.getItem('parley.workspace');
    const found = workspaces.find(({ id }) => id === kept) ?? workspaces[0];
    if (found) throw redirect({ to: '/w/$ws/inbox/$view', params: { ws: found.id, view: 'all' } });
  },
  component: () => (
    <main className="alone">
      <Empty title="You are in no workspace">
        <p>Somebody who is an owner or admin of one can make you a member.</p>
      </Empty>
    </main>
  ),
  errorComponent: ({ error }) => <Failed error={error as Error} />,
});

const workspace = createRoute({
  getParentRoute: () => root,
  path: '/w/$ws',
  validateSearch: searchOf,
  loader: ({ context: { client } }) => client.ensureQueryData(bootstrapQuery),
  component: Shell,
  pendingComponent: () => <div className="alone" aria-busy="true" />,
  errorComponent: ({ error, reset }) => (
    <main className="alone">
      <Failed error={error as Error} retry={reset} />
    </main>
  ),
});
const index = createRoute({
  getParentRoute: () => workspace,
  path: '/',
  beforeLoad: ({ params }) => {
    throw redirect({ to: '/w/$ws/inbox/$view', params: { ...params, view: 'all' } });
  },
});
const inbox = createRoute({ getParentRoute: () => workspace, path: 'inbox/$view', component: Inbox });
const conversation = createRoute({
  getParentRoute: () => inbox,
  path: '$conversation',
  component: () => null,
});
const people = createRoute({
  getParentRoute: () => workspace,
  path: 'people',
  validateSearch: ({ where }: Record<string, unknown>): { where?: Rule[] } => ({
    where: conditionsIn(where),
  }),
  component: lazyRouteComponent(() => fetched(() => import('./pages/people/People.tsx')), 'People'),
});
const imports = createRoute({
  getParentRoute: () => workspace,
  path: 'people/imports',
  component: lazyRouteComponent(() => fetched(() => import('./pages/people/Imports.tsx')), 'Imports'),
});
const importOne = createRoute({
  getParentRoute: () => workspace,
  path: 'people/imports/$import',
  component: lazyRouteComponent(() => fetched(() => import('./pages/people/Import.tsx')), 'Import'),
});
const exported = createRoute({
  getParentRoute: () => workspace,
  path: 'people/exports',
  component: lazyRouteComponent(() => fetched(() => import('./pages/people/Exports.tsx')), 'Exports'),
});
const changes = createRoute({
  getParentRoute: () => workspace,
  path: 'people/changes',
  component: lazyRouteComponent(() => fetched(() => import('./pages/people/Changes.tsx')), 'Changes'),
});
const sets = createRoute({
  getParentRoute: () => workspace,
  path: 'people/sets/$kind',
  component: lazyRouteComponent(() => fetched(() => import('./pages/people/Sets.tsx')), 'Sets'),
});
const set = createRoute({
  getParentRoute: () => workspace,
  path: 'people/sets/$kind/$set',
  component: lazyRouteComponent(() => fetched(() => import('./pages/people/Set.tsx')), 'SetPage'),
});
const audiences = createRoute({
  getParentRoute: () => workspace,
  path: 'people/audiences',
  component: lazyRouteComponent(() => fetched(() => import('./pages/people/Audiences.tsx')), 'Audiences'),
});
const audience = createRoute({
  getParentRoute: () => workspace,
  path: 'people/audiences/$audience',
  validateSearch: ({ rule }: Record<string, unknown>): { rule?: object } =>
    typeof rule === 'object' && rule !== null ? { rule } : {},
  component: lazyRouteComponent(() => fetched(() => import('./pages/people/Audience.tsx')), 'Audience'),
});
const person = createRoute({
  getParentRoute: () => workspace,
  path: 'people/$contact',
  component: lazyRouteComponent(() => fetched(() => import('./pages/people/Person.tsx')), 'Person'),
});
const broadcasts = createRoute({
  getParentRoute: () => workspace,
  path: 'broadcasts',
  component: lazyRouteComponent(
    () => fetched(() => import('./pages/broadcasts/Broadcasts.tsx')),
    'Broadcasts',
  ),
});
const broadcast = createRoute({
  getParentRoute: () => workspace,
  path: 'broadcasts/$broadcast/$step',
  component: lazyRouteComponent(() => fetched(() => import('./pages/broadcasts/Broadcast.tsx')), 'Broadcast'),
});
const campaigns = createRoute({
  getParentRoute: () => workspace,
  path: 'campaigns',
  validateSearch: ({ aside }: Record<string, unknown>): { aside?: true } => (aside === true ? { aside } : {}),
  component: lazyRouteComponent(() => fetched(() => import('./pages/campaigns/Campaigns.tsx')), 'Campaigns'),
});
const campaign = createRoute({
  getParentRoute: () => workspace,
  path: 'campaigns/$campaign/$part',
  validateSearch: ({ step, ending }: Record<string, unknown>): { step?: string; ending?: string } => ({
    step: textIn(step),
    ending: textIn(ending),
  }),
  component: lazyRouteComponent(() => fetched(() => import('./pages/campaigns/Campaign.tsx')), 'Campaign'),
});
/** Which events are followed; which requests are shown; which operation of which door is read about. */
type DevelopersSearch = {
  door?: string;
  op?: string;
  type?: string;
  of?: string;
  failed?: true;
  status?: string;
  key?: string;
  route?: string;
};
const developers = createRoute({
  getParentRoute: () => workspace,
  path: 'developers/$part',
  validateSearch: (given: Record<string, unknown>): DevelopersSearch => ({
    door: textIn(given['door']),
    op: textIn(given['op']),
    type: textIn(given['type']),
    of: textIn(given['of']),
    failed: given['failed'] === true ? true : undefined,
    status: typeof given['status'] === 'number' ? String(given['status']) : textIn(given['status']),
    key: textIn(given['key']),
    route: textIn(given['route']),
  }),
  component: lazyRouteComponent(
    () => fetched(() => import('./pages/developers/Developers.tsx')),
    'Developers',
  ),
});
const webhook = createRoute({
  getParentRoute: () => workspace,
  path: 'developers/webhooks/$webhook/{-$call}',
  validateSearch: (
    given: Record<string, unknown>,
  ): { state?: string; trigger?: string; message?: string } => ({
    state: textIn(given['state']),
    trigger: textIn(given['trigger']),
    message: textIn(given['message']),
  }),
  component: lazyRouteComponent(() => fetched(() => import('./pages/developers/Webhook.tsx')), 'Webhook'),
});
const templates = createRoute({
  getParentRoute: () => workspace,
  path: 'templates',
  component: lazyRouteComponent(() => fetched(() => import('./pages/templates/Templates.tsx')), 'Templates'),
});
const template = createRoute({
  getParentRoute: () => workspace,
  path: 'templates/$template',
  component: lazyRouteComponent(() => fetched(() => import('./pages/templates/Template.tsx')), 'Template'),
});
const channels = createRoute({
  getParentRoute: () => workspace,
  path: 'channels',
  component: lazyRouteComponent(() => fetched(() => import('./pages/channels/Channels.tsx')), 'Channels'),
});
const integration = createRoute({
  getParentRoute: () => workspace,
  path: 'channels/$integration',
  component: lazyRouteComponent(
    () => fetched(() => import('./pages/channels/Integration.tsx')),
    'Integration',
  ),
});
const newChannel = createRoute({
  getParentRoute: () => workspace,
  path: 'channels/new/{-$provider}',
  component: lazyRouteComponent(() => fetched(() => import('./pages/channels/NewChannel.tsx')), 'NewChannel'),
});
const apps = createRoute({
  getParentRoute: () => workspace,
  path: 'apps',
  component: lazyRouteComponent(() => fetched(() => import('./pages/apps/Apps.tsx')), 'Apps'),
});
const settings = createRoute({
  getParentRoute: () => workspace,
  path: 'settings/{-$part}',
  component: lazyRouteComponent(() => fetched(() => import('./pages/settings/Settings.tsx')), 'Settings'),
});
const simulator = createRoute({
  getParentRoute: () => workspace,
  path: 'simulator',
  component: lazyRouteComponent(() => fetched(() => import('../simulator/Simulator.tsx')), 'Simulator'),
});

const tree = root.addChildren([
  home,
  signIn,
  enter,
  me,
  workspace.addChildren([
    index,
    inbox.addChildren([conversation]),
    people,
    imports,
    importOne,
    exported,
    changes,
    sets,
    set,
    audiences,
    audience,
    person,
    broadcasts,
    broadcast,
    campaigns,
    campaign,
    templates,
    template,
    developers,
    webhook,
    channels,
    integration,
    newChannel,
    apps,
    settings,
    simulator,
  ]),
]);

/** The router of a tab. */
export function createConsoleRouter(client: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { client },
    defaultPreload: 'intent',
    scrollRestoration: false,
    defaultPendingMs: 150,
    // What goes wrong in a page is said in its place: the shell around it lives on.
    defaultErrorComponent: ({ error, reset }) => <Failed error={error as Error} retry={reset} />,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>;
  }
}
