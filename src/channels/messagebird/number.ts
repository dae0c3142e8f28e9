/**
 * What MessageBird's classic API knows of a number: its form, and its network when that was asked for before (an HLR
 * query, which is charged for and answered later, is not begun here). Bird v1 has no such call.
 */
import type { LineType } from '../../../contract/channels.ts';
import type { AdapterTools, KnownNumber, NumberLookUp, Settings } from '../adapter.ts';
import { jsonObject, repeatable, unanswered } from '../kit/outcome.ts';
import { classicAccount, classicFailure } from './classic.ts';
import { entryOf } from '../kit/json.ts';

/** `type` of a look-up; `unknown` is absent. */
const LINES: Readonly<Record<string, LineType>> = {
  mobile: 'mobile',
  'fixed line': 'landline',
  'fixed line or mobile': 'landline_or_mobile',
  'toll free': 'toll_free',
  'premium rate': 'premium',
  voip: 'voip',
  'shared cost': 'other',
  'personal number': 'other',
  pager: 'other',
  'universal access number': 'other',
  'voice mail': 'other',
};

/** The answer of an API that cannot be asked. */
export const NOT_OFFERED: NumberLookUp = {
  kind: 'refused',
  code: 'not_offered',
  class: 'config',
  detail: 'Bird v1 tells nothing about numbers; the classic API does',
};

/** Asks the classic API about a number. */
export async function lookUpNumber(
  settings: Settings,
  tools: AdapterTools,
  secrets: readonly string[],
  number: string,
): Promise<NumberLookUp> {
  const { url, headers } = classicAccount(settings);
  const call = await tools.http.call({
    method: 'GET',
    url: `${url}/lookup/${encodeURIComponent(number.replace(/^\+/, ''))}`,
    headers,
    deadlineMs: tools.deadlineMs,
  });
  if (call.kind !== 'answer') return repeatable(unanswered(call, secrets));
  const answer = call.status === 200 ? jsonObject(call.body.toString('utf8')) : undefined;
  if (typeof answer?.type !== 'string')
    return repeatable(classicFailure(call, { nowMs: tools.nowMs(), secrets, ownSender: false }));
  const lineType = entryOf(LINES, answer.type);
  return {
    kind: 'found',
    // What it does not take for a number it answers with an error.
    valid: true,
    ...(typeof answer.countryCode === 'string' ? { country: answer.countryCode } : {}),
    ...(lineType ? { lineType } : {}),
    ...networkOf(answer.hlr),
  };
}

/** The newest answer of a network; there is none for a number that nobody asked about. */
function networkOf(hlr: unknown): Pick<KnownNumber, 'network' | 'ported'> {
  if (typeof hlr !== 'object' || hlr === null) return {};
  const { network, details } = hlr as Record<string, unknown>;
  const ported = typeof details === 'object' && details !== null && (details as { ported?: unknown }).ported;
  return {
    ...(typeof network === 'number' && network > 0 ? { network: String(network) } : {}),
    ...(ported === 0 || ported === 1 ? { ported: ported === 1 } : {}),
  };
}
