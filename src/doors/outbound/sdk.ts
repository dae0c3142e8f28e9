/** What SDKs on phones ask and tell (api/outbound.md §A.2, §A.6): their configuration, and what became of pushes. */
import { SdkConfig } from '../../../contract/doors/outbound.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import type { Receipt, TakeReceipts } from '../../channels/adapter.ts';
import { pairRoutes } from './pair.ts';
import { integrationOfPush } from './phones.ts';
import { isGiven, readTime, readWho, type PushApi } from './read.ts';
import { keyOf } from './repeat.ts';
import { Body, DONE, keeps, reads, type Call, type Route } from './route.ts';
import { tell } from './tell.ts';

const PLATFORMS = ['ios', 'android'] as const;
type Platform = (typeof PLATFORMS)[number];

type Named = Receipt & { ref: string };

/** Services by which pushes come to a platform, the likelier first. */
const SERVICES_OF: Readonly<Record<Platform, readonly PushApi[]>> = {
  ios: ['apns', 'fcm'],
  android: ['fcm'],
};

/** `/i/…`. */
export function sdkRoutes(takeReceipts: TakeReceipts): readonly Route[] {
  return [
    reads({
      path: '/i/config/sdk/:platform/:version',
      does: 'What an SDK on phones goes by.',
      action: 'people.tell',
      answers: { 200: SdkConfig },
      handle: config,
    }),
    ...PLATFORMS.flatMap((platform) => pushRoutes(platform, takeReceipts)),
    permission('requested'),
    permission('granted'),
    ...pairRoutes({ ios: 'apns', android: 'fcm' }),
  ];
}

/**
 * The SDK is on. Asking for permission to push is the app's own to time: an SDK that is told of no prompt leaves it to the app.
 */
async function config({ params }: Call): Promise<{ status: 200; body: SdkConfig } | Fault> {
  const platform = params['platform'] as Platform;
  if (!PLATFORMS.includes(platform)) return breaks('platform', `must be ${PLATFORMS.join(' or ')}`);
  return { status: 200, body: { enabled: true, account: { prompt: false, prompt_event: '' } } };
}

function pushRoutes(platform: Platform, takeReceipts: TakeReceipts): Route[] {
  const told = (path: string, does: string, receiptOf: (body: Record<string, unknown>) => Named | Fault) =>
    keeps({
      path: `/i/${platform}/${path}`,
      does,
      action: 'people.tell',
      body: Body,
      async handle(call) {
        const receipt = receiptOf(call.body);
        if (isFault(receipt)) return receipt;
        const integrationId = await integrationOfPush(call, receipt.ref, SERVICES_OF[platform]);
        if (isFault(integrationId)) return integrationId;
        if (integrationId !== undefined) await takeReceipts(integrationId, [receipt]);
        return DONE;
      },
    });
  return [
    told('received', 'A push has arrived.', (body) => receiptFor(body, '_oid', { state: 'delivered' })),
    told('opened', 'A push was opened.', (body) => receiptFor(body, '_oid', { state: 'read' })),
    // A push without a trace asks whether the app is still there; it says so, or that it may no longer push.
    told('uninstall_tracker', 'The app is still there, or may no longer push.', (body) => {
      const { revoked } = body;
      if (isGiven(revoked) && typeof revoked !== 'boolean') return breaks('revoked', 'must be true or false');
      return receiptFor(
        body,
        'i',
        revoked === true
          ? { state: 'failed', class: 'recipient', code: 'uninstalled' }
          : { state: 'delivered' },
      );
    }),
  ];
}

/** The receipt for the push that a body names. */
function receiptFor(
  body: Record<string, unknown>,
  field: '_oid' | 'i',
  receipt: Omit<Receipt, 'ref'>,
): Named | Fault {
  // Old iOS sends the whole of what was pushed.
  const ref = body[field] ?? body['ref'];
  if (ref === undefined || ref === null || ref === '') return breaks(field, 'is required');
  if (typeof ref !== 'string') return breaks(field, 'must be a string');
  return { ...receipt, ref };
}

/** Whether a person was asked for permission to push, and gave it: things they did, which campaigns can wait for. */
function permission(what: 'requested' | 'granted'): Route {
  return keeps({
    path: `/i/ios/permissions/${what}`,
    does: `Permission to push was ${what}.`,
    action: 'people.tell',
    body: Body,
    async handle(call) {
      const who = readWho(call.body, '');
      if (isFault(who)) return who;
      const timestamp = readTime(call.body['timestamp'], 'timestamp');
      if (isFault(timestamp)) return timestamp;
      const event = { name: `push permission ${what}`, timestamp };
      const told = await tell(call, [{ who, event: { ...event, ...keyOf(event, call, 0) } }]);
      return isFault(told) ? told : DONE;
    },
  });
}
