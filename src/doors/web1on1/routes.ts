/** Every route of the Web1on1 door but the one that gives tokens out. */
import { fault } from '../../base/fault.ts';
import { contactRoutes } from './contacts.ts';
import { conversationRoutes } from './conversations.ts';
import { messageRoutes } from './messages.ts';
import { organizationRoutes } from './organizations.ts';
import { acts, reads, type Route } from './route.ts';
import { serviceRoutes } from './services.ts';
import { transferRoutes } from './transfer.ts';

/** Resources of the original that are not for reaching people. */
const NOT_BUILT = [
  'botinstances',
  'orggroups',
  'partners',
  'forms',
  'workflows',
  'metrics',
  'points',
  'kbases',
  'kbitems',
  'articles',
  'files',
  'locations',
  'watemplates',
  'links',
  'tests',
  'testresults',
];

const NOT_OFFERED = fault('not_built', 'Parley does not offer this part of the API.');
type Verb = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

function absent(path: string, ...verbs: Verb[]): Route[] {
  const common = {
    path,
    does: NOT_OFFERED.message,
    scope: 'viewer',
    action: 'workspace.read',
    answers: {},
  } as const;
  return verbs.map((method) =>
    method === 'GET'
      ? reads({ ...common, handle: async () => NOT_OFFERED })
      : acts({ ...common, method, handle: async () => NOT_OFFERED }),
  );
}

/** Parts of what is offered that are not: who and what there is, is set up in the console. */
const PARTS: readonly Route[] = [
  ...['users', 'bots', 'channels'].flatMap((name) => [
    ...absent(`/${name}`, 'POST'),
    ...absent(`/${name}/:id`, 'PUT', 'PATCH', 'DELETE'),
  ]),
  ...absent('/organizations', 'POST'),
  ...absent('/organizations/:id', 'PUT', 'DELETE'),
  ...absent('/contacts', 'POST'),
  ...absent('/contacts/:id', 'PUT', 'DELETE'),
  ...absent('/conversations/:id', 'PUT', 'DELETE'),
  ...absent('/services/:id', 'PUT'),
];

/** What is offered below `/v2`. */
export const OFFERED: readonly Route[] = [
  ...conversationRoutes,
  ...messageRoutes,
  ...contactRoutes,
  ...transferRoutes,
  ...organizationRoutes,
  ...serviceRoutes,
];

/** All that is answered below `/v2`. */
export const ROUTES: readonly Route[] = [
  ...OFFERED,
  ...PARTS,
  ...NOT_BUILT.flatMap((name) => [
    ...absent(`/${name}`, 'GET', 'POST'),
    ...absent(`/${name}/:id`, 'GET', 'PUT', 'PATCH', 'DELETE'),
  ]),
];
