/** A device is paired with the workspace, so that messages can be tried on it before anybody else gets them (api/outbound.md §A.2). */
import { createAllowances } from '../../accounts/allowances.ts';
import { isPairingCode } from '../../accounts/pairing.ts';
import { breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import { isStorable, UNSTORABLE } from '../../base/storable.ts';
import { tagContacts } from '../../contacts/sets.ts';
import { readToken, type PushApi } from './read.ts';
import { onceOf } from './repeat.ts';
import { Body, DONE, keeps, type Call, type Route } from './route.ts';
import { tell } from './tell.ts';

/** The tag of contacts that stand for devices on which messages are tried. */
const TEST_DEVICES = 'Test devices';

const LONGEST_NAME = 100;
/** Codes that may be tried at once; after a minute one more. Two are good at a time: who tries all day has one chance in four. */
const TRIES = { most: 20, windowMs: 20 * 60_000 };

/** `/i/testsend/push/pair/{ios,android}`; the service by which pushes come to each. */
export function pairRoutes(services: Readonly<Record<'ios' | 'android', PushApi>>): Route[] {
  return (['ios', 'android'] as const).map((platform) =>
    keeps({
      path: `/i/testsend/push/pair/${platform}`,
      action: 'people.tell',
      does: 'Pairs a device by the code that the console shows, so that messages can be tried on it.',
      body: Body,
      handle: (call) => pair(call, services[platform]),
    }),
  );
}

async function pair(call: Call<Record<string, unknown>>, service: PushApi): Promise<typeof DONE | Fault> {
  const { ctx, workspace, body } = call;
  const { code, deviceToken, deviceName = 'device' } = body;
  if (typeof code !== 'number' || !Number.isInteger(code) || code < 0 || code > 9_999)
    return breaks('code', 'must be the four digits that the console shows, as a number');
  const token = readToken(deviceToken, 'deviceToken');
  if (isFault(token)) return token;
  if (!/^[\x21-\x7e]+$/.test(token)) return breaks('deviceToken', 'must be the token of the device');
  if (typeof deviceName !== 'string' || deviceName.length < 1 || deviceName.length > LONGEST_NAME)
    return breaks('deviceName', `must be a text of 1 to ${LONGEST_NAME} characters`);
  if (!isStorable(deviceName)) return breaks('deviceName', UNSTORABLE);
  const nowMs = ctx.clock.nowMs();
  // Four digits are soon guessed: each try of a workspace counts before it is looked at, however many come at once.
  const allowances = createAllowances(ctx.sql, ctx.vault.lastingSecret);
  const waitMs = await allowances.take(`pairing ${workspace.id}`, TRIES, nowMs);
  if (waitMs > 0)
    return fault('rate_limited', 'too many codes were tried', { retryAfterS: Math.ceil(waitMs / 1000) });
  if (!isPairingCode(ctx.vault.lastingSecret, workspace.id, code, nowMs))
    return breaks('code', 'is not the one that the console shows');
  const user = {
    who: { kind: 'external' as const, value: `test device ${deviceName}` },
    before: [],
    email: undefined,
    phone: undefined,
    profile: { givenName: deviceName },
    tokens: [{ service, token }],
    group: undefined,
  };
  const told = await tell(call, [{ who: user.who, user, once: onceOf(call, 'pair', user) }]);
  if (isFault(told)) return told;
  const [contactId] = told;
  if (contactId === undefined) return DONE;
  const tagging = { contactId, add: [TEST_DEVICES], remove: [] };
  const tagged = await ctx.queue.transact((tx) => tagContacts(tx, ctx.ids, nowMs, workspace.id, [tagging]));
  return tagged ?? DONE;
}
