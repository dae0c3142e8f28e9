/** Every route of the Sunshine door. */
import { messageRoutes } from './messages.ts';
import { notificationRoutes } from './notifications.ts';
import type { Route } from './route.ts';
import { webhookRoutes } from './webhooks.ts';

/** Below an app. */
export const ROUTES: readonly Route[] = [...notificationRoutes, ...messageRoutes, ...webhookRoutes];

/** Of an account; those below `/apps` name the app themselves. */
export const ACCOUNT_ROUTES: readonly Route[] = [];
