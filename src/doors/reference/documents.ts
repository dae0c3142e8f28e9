/** What each API is, as its document says it: all routes there are, whoever serves them. `test/contract.test.ts` compares. */
import { Type } from 'typebox';
import * as content from '../../../contract/content.ts';
import * as actions from '../../../contract/doors/console/actions.ts';
import * as broadcasts from '../../../contract/doors/console/broadcasts.ts';
import * as connect from '../../../contract/doors/console/connect.ts';
import * as contacts from '../../../contract/doors/console/contacts.ts';
import { FaultShown as ConsoleFault } from '../../../contract/doors/console/fault.ts';
import * as inbox from '../../../contract/doors/console/inbox.ts';
import * as integrations from '../../../contract/doors/console/integrations.ts';
import * as keys from '../../../contract/doors/console/keys.ts';
import * as messages from '../../../contract/doors/console/messages.ts';
import * as numbers from '../../../contract/doors/console/numbers.ts';
import * as orders from '../../../contract/doors/console/orders.ts';
import * as reconcile from '../../../contract/doors/console/reconcile.ts';
import * as sessions from '../../../contract/doors/console/sessions.ts';
import * as sets from '../../../contract/doors/console/sets.ts';
import * as simulator from '../../../contract/doors/console/simulator.ts';
import * as webhooks from '../../../contract/doors/console/webhooks.ts';
import * as workspaces from '../../../contract/doors/console/workspaces.ts';
import { Nothing } from '../../../contract/doors/fields.ts';
import { FaultShown as ShoutFault } from '../../../contract/doors/shout/fields.ts';
import * as shoutOrders from '../../../contract/doors/shout/orders.ts';
import * as shoutUsers from '../../../contract/doors/shout/users.ts';
import * as apps from '../../../contract/doors/sunshine/apps.ts';
import { FaultShown as SunshineFault } from '../../../contract/doors/sunshine/fields.ts';
import * as talk from '../../../contract/doors/sunshine/messages.ts';
import * as sdk from '../../../contract/doors/sunshine/sdk.ts';
import * as users from '../../../contract/doors/sunshine/users.ts';
import * as outbound from '../../../contract/doors/outbound.ts';
import * as web1on1Answers from '../../../contract/doors/web1on1/answers.ts';
import * as web1on1Bodies from '../../../contract/doors/web1on1/bodies.ts';
import { IMPORT } from '../console/people/importAtOnce.ts';
import { UPLOAD } from '../console/people/imports.ts';
import { pathOf } from '../console/door.ts';
import { ROUTES as CONSOLE } from '../console/routes.ts';
import type { Answers } from '../kit/route.ts';
import { routesOf as outboundRoutes } from '../outbound/routes.ts';
import { ROUTES as SHOUT } from '../shout/routes.ts';
import { pathsOf } from '../sunshine/door.ts';
import { ACCOUNT_ROUTES, APP_ROUTES, ROUTES as SUNSHINE } from '../sunshine/routes.ts';
import { SDK_ROUTES } from '../sunshine/sdkRoutes.ts';
import { TOKEN } from '../web1on1/door.ts';
import { ROUTES as WEB1ON1 } from '../web1on1/routes.ts';
import type { DescribedRoute, Documented } from './openapi.ts';
import { OTHERS } from './others.ts';

type Served = Omit<DescribedRoute, 'path' | 'does' | 'answers' | 'upload' | 'open' | 'query'> & {
  path: string;
  does?: string;
  answers?: Answers;
  upload?: number | true;
  of?: string;
  query?: unknown;
};

/** What a route of a door's kit is to a document, under one of its paths. */
function described(route: Served, path: string): DescribedRoute {
  const { method, does, body, orArray, answers, upload, of, query, mediaType } = route;
  return {
    method,
    path,
    does: does ?? `${method} ${path}.`,
    answers: answers ?? { 200: Nothing },
    ...(body ? { body } : {}),
    ...(orArray ? { orArray } : {}),
    ...(upload ? { upload: true } : {}),
    ...(mediaType ? { mediaType } : {}),
    ...(query ? { query: query as NonNullable<DescribedRoute['query']> } : {}),
    ...(of === 'nobody' ? { open: true } : {}),
  };
}

const bearer = { bearer: { type: 'http', scheme: 'bearer' } };
const basic = { basic: { type: 'http', scheme: 'basic' } };
const plainFault = SunshineFault;
/** Of whom orders are; `X-Shout-User-Id` says the same in Shout’s own ids. */
const connectId = Type.String({ description: 'The company’s own id of the account that has connected.' });

/** The documents by name. */
export const DOCUMENTS = {
  console: {
    title: 'Parley: the console’s API',
    about: 'What operators do: workspaces, people, sending, integrations, webhooks, the simulator.',
    security: bearer,
    fault: ConsoleFault,
    named: {
      ...content,
      ...sessions,
      ...workspaces,
      ...keys,
      ...inbox,
      ...integrations,
      ...contacts,
      ...sets,
      ...numbers,
      ...messages,
      ...orders,
      ...actions,
      ...broadcasts,
      ...webhooks,
      ...connect,
      ...simulator,
      ...reconcile,
    },
    routes: [
      ...CONSOLE.map((route) => described(route, `/api${pathOf(route)}`)),
      { ...described(IMPORT, `/api${pathOf(IMPORT)}`), mediaType: 'application/x-ndjson' },
      described(UPLOAD, `/api${pathOf(UPLOAD)}`),
    ],
  },
  sunshine: {
    title: 'Parley: the Sunshine Conversations API v1.1',
    about: 'Apps, users, messages and notifications, and what the SDKs of messengers call.',
    security: { ...bearer, ...basic },
    fault: SunshineFault,
    named: { ...apps, ...users, ...talk, ...sdk },
    routes: [
      ...[...SUNSHINE, ...APP_ROUTES, ...ACCOUNT_ROUTES].flatMap((route) =>
        pathsOf(route).map((path) => described(route, `/v1.1${path}`)),
      ),
      ...SUNSHINE.filter(({ alsoV1 }) => alsoV1).flatMap((route) =>
        pathsOf(route).map((path) => described(route, `/v1${path}`)),
      ),
      ...SDK_ROUTES.map((route) => described(route, `/sdk/v2/apps/:appId${route.path}`)),
    ],
  },
  web1on1: {
    title: 'Parley: the Web1on1 API v2',
    about: 'Conversations that a business begins, and bots that take part in them.',
    security: bearer,
    fault: web1on1Answers.FaultShown,
    named: { ...web1on1Answers, ...web1on1Bodies },
    routes: [
      ...WEB1ON1.map((route) => described({ ...route, query: undefined }, `/v2${route.path}`)),
      { ...described(TOKEN, `/v2${TOKEN.path}`), open: true },
    ],
  },
  outbound: {
    title: 'Parley: the Outbound API',
    about: 'What websites and apps tell of people: who they are and what they do.',
    security: { key: { type: 'apiKey', in: 'header', name: 'X-Outbound-Key' }, ...basic },
    fault: outbound.OutboundFault,
    named: { ...outbound },
    routes: outboundRoutes(() => Promise.resolve()).map((route) =>
      described({ ...route, query: undefined }, route.path),
    ),
  },
  shout: {
    title: 'Parley: the Shout API',
    about: 'What a company does for the accounts that have connected to it.',
    security: { ...bearer, ...basic },
    fault: ShoutFault,
    named: { ...shoutUsers, ...shoutOrders },
    routes: SHOUT.map((route) => ({
      ...described(route, route.path),
      ...(route.path.startsWith('/orders') ? { headers: { 'X-Shout-Connect-ID': connectId } } : {}),
    })),
  },
  other: {
    title: 'Parley: what is for people, providers and machines',
    about: 'Pages and links, the web chat, callbacks of providers, probes and these documents.',
    security: bearer,
    fault: plainFault,
    named: {},
    routes: OTHERS,
  },
} satisfies Record<string, Documented>;
