/** Every route of the console's API. The import of contacts is beside them, since its body is a stream. */
import { accountChatRoutes } from './accountChats.ts';
import { actionRoutes } from './actions.ts';
import { broadcastRoutes } from './broadcasts.ts';
import { draftRoutes } from './broadcastDrafts.ts';
import { resultRoutes } from './broadcastResults.ts';
import { audienceRoutes } from './people/audiences.ts';
import { backtestRoutes } from './campaigns/backtests.ts';
import { campaignDraftRoutes } from './campaigns/drafts.ts';
import { campaignsOfContactRoutes } from './campaigns/ofContact.ts';
import { campaignTrailRoutes } from './campaigns/trail.ts';
import { handRoutes } from './campaigns/hand.ts';
import { sinceRoutes } from './campaigns/since.ts';
import { campaignRoutes } from './campaigns/campaigns.ts';
import { connectionRoutes } from './connections.ts';
import { connectRoutes } from './connect.ts';
import { campaignMeasureRoutes } from './campaigns/measured.ts';
import { clockRoutes } from './clock.ts';
import { contactRoutes } from './people/contacts.ts';
import { exportRoutes } from './people/export.ts';
import { eventRoutes } from './events.ts';
import { domainRoutes } from './domainCheck.ts';
import { feedRoutes } from './feed.ts';
import { groupRoutes } from './groups.ts';
import { historyRoutes } from './history.ts';
import { importRoutes } from './people/imports.ts';
import { fileRoutes } from './files.ts';
import { idempotencyRoutes } from './idempotency.ts';
import { inboxRoutes } from './inbox/inbox.ts';
import { inboxListRoutes } from './inbox/lists.ts';
import { inboxBulkRoutes } from './inbox/bulk.ts';
import { savedReplyRoutes } from './inbox/savedReplies.ts';
import { savedViewRoutes } from './inbox/savedViews.ts';
import { healthRoutes } from './integrationsHealth.ts';
import { integrationRoutes } from './integrations.ts';
import { keyRoutes } from './keys.ts';
import { meRoutes } from './me.ts';
import { mergeRoutes } from './people/merge.ts';
import { messageSearchRoutes } from './inbox/messageSearch.ts';
import { messageRoutes } from './messages.ts';
import { numberRoutes } from './numbers.ts';
import { orderRoutes } from './orders.ts';
import { peopleJobRoutes } from './people/jobs.ts';
import { renderRoutes } from './render.ts';
import { reconcileRoutes } from './reconcile.ts';
import { requestRoutes } from './requests.ts';
import type { Route } from './route.ts';
import { segmentRoutes } from './people/segments.ts';
import { sessionRoutes } from './sessions.ts';
import { setRoutes } from './people/sets.ts';
import { simulatorRoutes } from './simulator.ts';
import { teamRoutes } from './inbox/teams.ts';
import { timelineRoutes } from './people/timeline.ts';
import { templateRoutes } from './templates.ts';
import { threadRoutes } from './inbox/thread.ts';
import { webchatLinkRoutes } from './inbox/webchatLink.ts';
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
  ...inboxListRoutes,
  ...inboxRoutes,
  ...inboxBulkRoutes,
  ...savedReplyRoutes,
  ...savedViewRoutes,
  ...teamRoutes,
  ...fileRoutes,
  ...threadRoutes,
  ...webchatLinkRoutes,
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
  ...campaignsOfContactRoutes,
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
