/** All routes of this door that take credentials. */
import type { TakeReceipts } from '../../channels/adapter.ts';
import { peopleRoutes } from './people.ts';
import { pushRoutes } from './push.ts';
import type { Route } from './route.ts';
import { sdkRoutes } from './sdk.ts';
import { subscriptionRoutes } from './subscriptions.ts';

/** The routes; `takeReceipts` is the receipts room's. */
export function routesOf(takeReceipts: TakeReceipts): readonly Route[] {
  return [...peopleRoutes, ...pushRoutes, ...subscriptionRoutes, ...sdkRoutes(takeReceipts)];
}
