/**
 * The gate: every send passes it, and it says go, later or never, with a code of the closed list. One pure function for who sends, who
 * forecasts, who previews and who asks why; what it needs to know is brought to it in batches (contacts compile what people said and
 * what providers told into `blocks` where they are read).
 */
import type { MessageClass } from '../../contract/channels.ts';
import { NEVER_CODES, type HoldCode, type NeverCode, type ReasonCode } from '../../contract/reasons.ts';
import { CLASS_BIT } from '../contacts/consent/classes.ts';
import { bitsAt } from '../contacts/consent/compiled.ts';
import type { Reachable } from '../contacts/person.ts';
import type { SendRules } from './settings.ts';
import { refusesName } from './senderNames.ts';
import { nextOpen } from './window.ts';

/** What the gate says: a code for every reason that holds, the one that decides and the others. */
export type Verdict =
  | { verdict: 'go' }
  | { verdict: 'hold'; untilMs: number; code: HoldCode; also: readonly ReasonCode[] }
  | { verdict: 'never'; code: NeverCode; also: readonly ReasonCode[] };

/** What the gate looks at of an address. */
export type AddressFacts = Pick<Reachable, 'channel' | 'address' | 'status' | 'blocks' | 'lastInboundMs'>;

/** What the gate looks at. Times are those of the workspace's clock. */
export type GateFacts = {
  class: MessageClass;
  expiresMs: number;
  destination: AddressFacts | undefined;
  /** What it would go through: an opt-out may be from one sender only. Undefined: any, so the strictest is taken. */
  integrationId: number | undefined;
  /** IANA zone of the recipient, else of the workspace. */
  timeZone: string;
  rules: SendRules;
  /** When there is room for it under the frequency cap; undefined when there is now, or no cap. */
  capFreeMs: number | undefined;
  /** True for content that may be sent on WhatsApp after 24 hours of silence: an approved template. */
  isTemplate: boolean;
  /** The provider that would send it as an SMS from a name; undefined when it comes from a number, and on other channels. */
  namedBy?: string | undefined;
  /** True for the message that asks the person behind a pending address: nothing else may go there. */
  confirms?: boolean;
};

const GO: Verdict = { verdict: 'go' };
const HOUR_MS = 3_600_000;
/** WhatsApp's customer service window (Cloud API, "Customer service windows"); a minute less, since the clock that counts is Meta's. */
const WHATSAPP_WINDOW_MS = 24 * HOUR_MS - 60_000;

/** Says whether a message may go to its destination at a time of the workspace's clock. */
export function gate(facts: GateFacts, asOfMs: number): Verdict {
  const never = neverCodes(facts, asOfMs);
  const holds = facts.class === 'marketing' ? holdsOf(facts, asOfMs) : NONE;
  if (!never.length && !holds.length) return GO;
  const later = holds.length > 1 ? [...holds].sort((a, b) => b.untilMs - a.untilMs) : holds;
  const laterCodes = later.map(({ code }) => code);
  if (never.length) {
    const codes = never.length > 1 ? NEVER_CODES.filter((code) => never.includes(code)) : never;
    return { verdict: 'never', code: codes[0]!, also: [...codes.slice(1), ...laterCodes] };
  }
  const { code, untilMs } = later[0]!;
  return { verdict: 'hold', untilMs, code, also: laterCodes.slice(1) };
}

type Hold = { code: HoldCode; untilMs: number };
const NONE: readonly never[] = [];

function neverCodes(facts: GateFacts, asOfMs: number): readonly NeverCode[] {
  const { destination } = facts;
  let codes: NeverCode[] | undefined;
  const add = (code: NeverCode) => (codes ??= []).push(code);
  if (asOfMs >= facts.expiresMs) add('expired');
  if (!destination) {
    add('no_destination');
    return codes ?? NONE;
  }
  const { status, blocks } = destination;
  if (status !== 'active' && !(facts.confirms && status === 'pending'))
    add(status === 'blocked' ? 'banned' : status);
  if (blocks) {
    const bit = CLASS_BIT[facts.class];
    for (const block of blocks)
      if (bitsAt(block, facts.integrationId) & bit) add(codeAt(block.cause, block.scope, facts));
  }
  if (!facts.isTemplate && windowIsOver(destination, asOfMs)) add('whatsapp_window');
  if (facts.namedBy !== undefined && refusesName(facts.namedBy, destination.address)) add('sender_refused');
  return codes ?? NONE;
}

/** An opt-out from one sender that holds for others is told as what it is for them. */
function codeAt(cause: NeverCode, scope: number, { integrationId }: GateFacts): NeverCode {
  return cause === 'opted_out_sender' && scope !== 0 && integrationId !== undefined && scope !== integrationId
    ? 'opted_out_channel'
    : cause;
}

/** Until when free text may be sent to an address on WhatsApp; undefined on other channels, and for somebody who never wrote. */
export function windowEndsMs(at: Pick<AddressFacts, 'channel' | 'lastInboundMs'>): number | undefined {
  return at.channel === 'whatsapp' && at.lastInboundMs !== null
    ? at.lastInboundMs + WHATSAPP_WINDOW_MS
    : undefined;
}

/** Whoever wrote on WhatsApp since then may be sent free text. */
export function windowOpenSinceMs(asOfMs: number): number {
  return asOfMs - WHATSAPP_WINDOW_MS;
}

/** True when only an approved template may be sent there. */
export function windowIsOver(at: Pick<AddressFacts, 'channel' | 'lastInboundMs'>, asOfMs: number): boolean {
  return at.channel === 'whatsapp' && asOfMs > (windowEndsMs(at) ?? -Infinity);
}

/** Marketing waits for the end of quiet hours on the recipient's wall, and for its turn under the cap. It is held, not dropped. */
function holdsOf({ rules: { quietHours }, capFreeMs, timeZone }: GateFacts, asOfMs: number): readonly Hold[] {
  const openMs = quietHours ? nextOpen(quietHours, timeZone, asOfMs) : asOfMs;
  const isFull = capFreeMs !== undefined && capFreeMs > asOfMs;
  if (openMs <= asOfMs && !isFull) return NONE;
  return [
    ...(openMs > asOfMs ? [{ code: 'quiet_hours', untilMs: openMs } as const] : []),
    ...(isFull ? [{ code: 'cap_full', untilMs: capFreeMs } as const] : []),
  ];
}
