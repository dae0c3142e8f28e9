/** Every route of the Web1on1 door but the one that gives tokens out. */
import { fault } from '../../base/fault.ts';
import { contactRoutes } from './contacts.ts';
import { conversationRoutes } from './conversations.ts';
import { messageRoutes } from './messages.ts';
import { organizationRoutes } from './organizations.ts';
import { reads, type Route } from './route.ts';
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
  'tests',
  'testresults',
];

const notBuilt = (path: string): Route =>
  reads({
    path,
    scope: 'viewer',
    action: 'workspace.read',
    handle: async () => fault('not_built', 'Parley does not offer this part of the API.'),
  });

/** Below `/v2`. */
export const ROUTES: readonly Route[] = [
  ...conversationRoutes,
  ...messageRoutes,
  ...contactRoutes,
  ...transferRoutes,
  ...organizationRoutes,
  ...serviceRoutes,
  ...NOT_BUILT.flatMap((name) => [notBuilt(`/${name}`), notBuilt(`/${name}/:id`)]),
];
