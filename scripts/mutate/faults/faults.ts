/** All faults there are. */
import type { Fault } from '../fault.ts';
import { accountFaults } from './accounts.ts';
import { broadcastFaults } from './broadcasts.ts';
import { campaignFaults } from './campaigns.ts';
import { campaignEdgesFaults } from './campaignsEdges.ts';
import { campaignLedFaults } from './campaignsLed.ts';
import { campaignRacedFaults } from './campaignsRaced.ts';
import { campaignThenFaults } from './campaignsThen.ts';
import { campaignWalkedFaults } from './campaignsWalked.ts';
import { claimFaults } from './claims.ts';
import { comingFaults } from './coming.ts';
import { connectFaults } from './connect.ts';
import { conversationFaults } from './conversations.ts';
import { decisionFaults } from './decisions.ts';
import { deliverFaults } from './deliver.ts';
import { fifthLookFaults } from './fifthLook.ts';
import { fourthLookFaults } from './fourthLook.ts';
import { gateFaults } from './gate.ts';
import { groupFaults } from './groups.ts';
import { inboxFaults } from './inbox.ts';
import { moreAccessFaults } from './moreAccess.ts';
import { moreDecidedFaults } from './moreDecided.ts';
import { moreDeliverFaults } from './moreDeliver.ts';
import { moreLedgerFaults } from './moreLedger.ts';
import { moreQueueFaults } from './moreQueue.ts';
import { orderFaults } from './orders.ts';
import { outboundFaults } from './outbound.ts';
import { queueFaults } from './queue.ts';
import { receiptFaults } from './receipts.ts';
import { removalFaults } from './removal.ts';
import { resultFaults } from './results.ts';
import { segmentFaults } from './segments.ts';
import { senderFaults } from './senders.ts';
import { signInFaults } from './signIn.ts';
import { sixthLookFaults } from './sixthLook.ts';
import { slipsOfAccounts } from './slipsAccounts.ts';
import { slipsOfBroadcasts } from './slipsBroadcasts.ts';
import { slipsOfDecisions } from './slipsDecisions.ts';
import { slipsOfFeed } from './slipsFeed.ts';
import { slipsOfOutbox } from './slipsOutbox.ts';
import { slipsOfQueue } from './slipsQueue.ts';
import { slipsOfWebhooks } from './slipsWebhooks.ts';
import { slipsOfWork } from './slipsWork.ts';
import { tenantFaults } from './tenants.ts';
import { tenantFaultsAlone } from './tenantsAlone.ts';
import { toldFaults } from './told.ts';
import { webhookFaults } from './webhooks.ts';

export const FAULTS: readonly Fault[] = [
  ...gateFaults,
  ...decisionFaults,
  ...deliverFaults,
  ...toldFaults,
  ...queueFaults,
  ...claimFaults,
  ...accountFaults,
  ...broadcastFaults,
  ...inboxFaults,
  ...connectFaults,
  ...campaignFaults,
  ...campaignEdgesFaults,
  ...campaignLedFaults,
  ...campaignRacedFaults,
  ...campaignThenFaults,
  ...campaignWalkedFaults,
  ...webhookFaults,
  ...senderFaults,
  ...groupFaults,
  ...orderFaults,
  ...outboundFaults,
  ...receiptFaults,
  ...segmentFaults,
  ...removalFaults,
  ...resultFaults,
  ...signInFaults,
  ...moreDecidedFaults,
  ...moreDeliverFaults,
  ...moreLedgerFaults,
  ...moreQueueFaults,
  ...moreAccessFaults,
  ...conversationFaults,
  ...comingFaults,
  ...tenantFaults,
  ...tenantFaultsAlone,
  ...slipsOfAccounts,
  ...slipsOfBroadcasts,
  ...slipsOfDecisions,
  ...slipsOfFeed,
  ...slipsOfOutbox,
  ...slipsOfQueue,
  ...slipsOfWebhooks,
  ...slipsOfWork,
  ...fourthLookFaults,
  ...fifthLookFaults,
  ...sixthLookFaults,
];
