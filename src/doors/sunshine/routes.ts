/** Every route of the Sunshine door. */
import { accountRoutes, appRoutes, keyRoutes } from './apps.ts';
import { appUserRoutes } from './appUsers.ts';
import { attachmentRoutes } from './attachments.ts';
import { channelRoutes } from './channels.ts';
import { conversationRoutes } from './conversations.ts';
import { integrationRoutes } from './integrations.ts';
import { menuRoutes } from './menus.ts';
import { mergeRoutes } from './merge.ts';
import { messageRoutes } from './messages.ts';
import { nativeTemplateRoutes } from './nativeTemplates.ts';
import { notBuiltAccountRoutes, notBuiltRoutes } from './notBuilt.ts';
import { profileRoutes } from './profiles.ts';
import { notificationRoutes } from './notifications.ts';
import type { Route } from './route.ts';
import { templateRoutes } from './templates.ts';
import { transferRoutes } from './transfer.ts';
import { webhookRoutes } from './webhooks.ts';

/** Below an app, with the app in the path or without. */
export const ROUTES: readonly Route[] = [
  ...notificationRoutes,
  ...messageRoutes,
  ...webhookRoutes,
  ...appUserRoutes,
  ...mergeRoutes,
  ...channelRoutes,
  ...transferRoutes,
  ...conversationRoutes,
  ...integrationRoutes,
  ...menuRoutes,
  ...nativeTemplateRoutes,
  ...profileRoutes,
  ...templateRoutes,
  ...attachmentRoutes,
  ...keyRoutes,
  ...notBuiltRoutes,
];

/** Of one app, which has to be in the path. */
export const APP_ROUTES: readonly Route[] = [...appRoutes];

/** Of an account. */
export const ACCOUNT_ROUTES: readonly Route[] = [...accountRoutes, ...notBuiltAccountRoutes];
