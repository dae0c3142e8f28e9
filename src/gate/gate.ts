/**
 * The gate: every send passes it, and it says go, later or never, with the reason that is recorded. One pure function; what
 * it needs to know is brought to it in batches.
 */
import type { MessageClass } from '../../contract/channels.ts';
import { minuteOfDay } from '../base/clock.ts';
import { CLASS_BIT } from '../contacts/destinations.ts';
import type { Reachable } from '../contacts/sql.people.ts';

/** What the gate says. `reason` is a code that is kept with the delivery. */
export type Verdict =
  | { gate: 'go' }
  | { gate: 'hold'; untilMs: number; reason: 'quiet_hours' | 'frequency_cap' }
  | { gate: 'never'; end: 'suppressed' | 'expired'; reason: string; detail: string };

/** A workspace's rules on when and how often people are written to. Minutes of the day, 0..1439. */
export type SendRules = {
  quietHours?: { fromMinute: number; toMinute: number };
  /** At most so many marketing messages to one person in so much time. */
  frequencyCap?: { most: number; perMs: number };
};

/** What the gate looks at. Times are those of the workspace's clock. */
export type GateFacts = {
  class: MessageClass;
  nowMs: number;
  expiresMs: number;
  destination: Reachable | undefined;
  /** IANA zone of the recipient, else of the workspace. */
  timeZone: string;
  rules: SendRules;
  /** Marketing messages the recipient was sent within the cap's time. */
  recentlySent: number;
  /** True for content that may be sent on WhatsApp after 24 hours of silence: an approved template. */
  isTemplate: boolean;
  /** True for the message that asks the person behind a pending address: nothing else may go there. */
  confirms?: boolean;
};

const GO: Verdict = { gate: 'go' };
const HOUR_MS = 3_600_000;
/** WhatsApp's customer service window (Cloud API, "Customer service windows"); a minute less, since the clock that counts is Meta's. */
export const WHATSAPP_WINDOW_MS = 24 * HOUR_MS - 60_000;

/** Says whether a message may go to its destination now. */
export function gate(facts: GateFacts): Verdict {
  const { destination } = facts;
  if (facts.nowMs >= facts.expiresMs)
    return never('expired', 'expired', 'its time was over before it could be sent');
  if (!destination)
    return never('suppressed', 'no_destination', 'the contact has no address on this channel');
  if (destination.status !== 'active' && !(facts.confirms && destination.status === 'pending')) {
    return never(
      'suppressed',
      `destination_${destination.status}`,
      destination.blockedReason ?? `the address is ${destination.status}`,
    );
  }
  if (destination.blockedClasses & CLASS_BIT[facts.class]) {
    return never(
      'suppressed',
      destination.blockedReason ?? 'opted_out',
      `no ${facts.class} messages may go to this address`,
    );
  }
  if (destination.channel === 'whatsapp' && !facts.isTemplate && windowIsOver(destination, facts.nowMs)) {
    return never(
      'suppressed',
      'whatsapp_window',
      'the contact has been silent for 24 hours: only an approved template may be sent',
    );
  }
  return facts.class === 'marketing' ? whenWelcome(facts) : GO;
}

function never(end: 'suppressed' | 'expired', reason: string, detail: string): Verdict {
  return { gate: 'never', end, reason, detail };
}

function windowIsOver(destination: Reachable, nowMs: number): boolean {
  return nowMs - (destination.lastInboundMs ?? -Infinity) > WHATSAPP_WINDOW_MS;
}

/** Marketing waits for the end of quiet hours on the recipient's wall, and for its turn under the cap. It is held, not dropped. */
function whenWelcome({ nowMs, timeZone, rules, recentlySent }: GateFacts): Verdict {
  const { quietHours, frequencyCap } = rules;
  if (quietHours) {
    const minute = minuteOfDay(nowMs, timeZone);
    if (minute !== undefined && isWithin(minute, quietHours)) {
      const minutesLeft = (quietHours.toMinute - minute + 1440) % 1440 || 1440;
      // To the start of the minute at which it may go, not so many minutes from now.
      return {
        gate: 'hold',
        untilMs: nowMs - (nowMs % 60_000) + minutesLeft * 60_000,
        reason: 'quiet_hours',
      };
    }
  }
  if (frequencyCap && recentlySent >= frequencyCap.most) {
    return { gate: 'hold', untilMs: nowMs + Math.min(frequencyCap.perMs, HOUR_MS), reason: 'frequency_cap' };
  }
  return GO;
}

function isWithin(
  minute: number,
  { fromMinute, toMinute }: { fromMinute: number; toMinute: number },
): boolean {
  return fromMinute <= toMinute
    ? minute >= fromMinute && minute < toMinute
    : minute >= fromMinute || minute < toMinute;
}

/** Reads the rules from a workspace's settings; what is not well formed counts as absent (settings are checked where they are set). */
export function sendRules(settings: Readonly<Record<string, unknown>>): SendRules {
  const rules: SendRules = {};
  const quiet = settings['quietHours'] as { from?: string; to?: string } | undefined;
  const from = minuteOf(quiet?.from);
  const to = minuteOf(quiet?.to);
  if (from !== undefined && to !== undefined && from !== to)
    rules.quietHours = { fromMinute: from, toMinute: to };
  const cap = settings['frequencyCap'] as { most?: number; perHours?: number } | undefined;
  if (cap && Number(cap.most) > 0 && Number(cap.perHours) > 0) {
    rules.frequencyCap = { most: Number(cap.most), perMs: Number(cap.perHours) * HOUR_MS };
  }
  return rules;
}

function minuteOf(text: string | undefined): number | undefined {
  const parts = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text ?? '');
  return parts ? Number(parts[1]) * 60 + Number(parts[2]) : undefined;
}
