/** Every route of the console's API. The import of contacts is beside them, since its body is a stream. */
import { accountChatRoutes } from './accountChats.ts';
import { actionRoutes } from './actions.ts';
import { broadcastRoutes } from './broadcasts.ts';
import { draftRoutes } from './broadcastDrafts.ts';
import { resultRoutes } from './broadcastResults.ts';
import { audienceRoutes } from './audiences.ts';
import { backtestRoutes } from './backtests.ts';
import { campaignDraftRoutes } from './campaignsDrafts.ts';
import { campaignTrailRoutes } from './campaignsTrail.ts';
import { handRoutes } from './campaignsHand.ts';
import { sinceRoutes } from './campaignsSince.ts';
import { campaignRoutes } from './campaigns.ts';
import { connectionRoutes } from './connections.ts';
import { connectRoutes } from './connect.ts';
import { campaignMeasureRoutes } from './campaignsMeasured.ts';
import { clockRoutes } from './clock.ts';
import { contactRoutes } from './contacts.ts';
import { exportRoutes } from './export.ts';
import { eventRoutes } from './events.ts';
import { domainRoutes } from './domainCheck.ts';
import { feedRoutes } from './feed.ts';
import { groupRoutes } from './groups.ts';
import { historyRoutes } from './history.ts';
import { importRoutes } from './imports.ts';
import { fileRoutes } from './files.ts';
import { idempotencyRoutes } from './idempotency.ts';
import { inboxRoutes } from './inbox.ts';
import { inboxBulkRoutes } from './inboxBulk.ts';
import { savedReplyRoutes } from './savedReplies.ts';
import { healthRoutes } from './integrationsHealth.ts';
import { integrationRoutes } from './integrations.ts';
import { keyRoutes } from './keys.ts';
import { meRoutes } from './me.ts';
import { mergeRoutes } from './merge.ts';
import { messageSearchRoutes } from './messageSearch.ts';
import { messageRoutes } from './messages.ts';
import { numberRoutes } from './numbers.ts';
import { orderRoutes } from './orders.ts';
import { peopleJobRoutes } from './peopleJobs.ts';
import { renderRoutes } from './render.ts';
import { reconcileRoutes } from './reconcile.ts';
import { requestRoutes } from './requests.ts';
import type { Route } from './route.ts';
import { segmentRoutes } from './segments.ts';
import { sessionRoutes } from './sessions.ts';
import { setRoutes } from './sets.ts';
import { simulatorRoutes } from './simulator.ts';
import { timelineRoutes } from './timeline.ts';
import { templateRoutes } from './templates.ts';
import { threadRoutes } from './thread.ts';
import { usageRoutes } from './usage.ts';
import { webhookRoutes } from './webhooks.ts';
import { whyRoutes } from './why.ts';
import { workspaceRoutes } from './workspaces.ts';

/** Below `/api`. */
export const ROUTES: readonly Route[] = [
  ...sessionRoutes,
  ...meRoutes,
  ...workspaceRoutes,
  ...keyRoutes,
  ...requestRoutes,
  ...healthRoutes,
  ...domainRoutes,
  ...integrationRoutes,
  ...audienceRoutes,
  ...peopleJobRoutes,
  ...contactRoutes,
  ...mergeRoutes,
  ...exportRoutes,
  ...historyRoutes,
  ...timelineRoutes,
  ...feedRoutes,
  ...eventRoutes,
  ...importRoutes,
  ...setRoutes,
  ...inboxRoutes,
  ...inboxBulkRoutes,
  ...savedReplyRoutes,
  ...fileRoutes,
  ...threadRoutes,
  ...segmentRoutes,
  ...numberRoutes,
  ...messageSearchRoutes,
  ...messageRoutes,
  ...draftRoutes,
  ...broadcastRoutes,
  ...resultRoutes,
  ...renderRoutes,
  ...templateRoutes,
  ...campaignRoutes,
  ...sinceRoutes,
  ...handRoutes,
  ...campaignDraftRoutes,
  ...campaignTrailRoutes,
  ...groupRoutes,
  ...campaignMeasureRoutes,
  ...backtestRoutes,
  ...orderRoutes,
  ...actionRoutes,
  ...whyRoutes,
  ...usageRoutes,
  ...reconcileRoutes,
  ...webhookRoutes,
  ...idempotencyRoutes,
  ...connectRoutes,
  ...connectionRoutes,
  ...accountChatRoutes,
  ...simulatorRoutes,
  ...clockRoutes,
];
