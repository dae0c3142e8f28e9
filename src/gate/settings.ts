/**
 * A workspace's rules on sending, parsed once from its settings into a type. Settings are checked where they are set; what is not well
 * formed here counts as absent.
 */
import { onceFor } from '../base/once.ts';
import type { QuietHours } from './window.ts';

/** At most so many marketing messages to one person in so much time, each cause counted once. */
export type FrequencyCap = { most: number; perMs: number };

/** When and how often people are written to. */
export type SendRules = { quietHours?: QuietHours; frequencyCap?: FrequencyCap };

/** Whether another channel is tried, and how long reading may take. */
export type FallbackRules = {
  on: boolean;
  /** Not read for so long: the next channel. Undefined: what was accepted is left where it is. */
  unreadAfterMs?: number;
};

/** Everything in a workspace's settings that decides on sending. */
type WorkspaceRules = { send: SendRules; order: readonly string[]; fallback: FallbackRules };

type Settings = Readonly<Record<string, unknown>>;

/** The rules in settings. Parsed once per settings object: the directory keeps those, and makes new ones when they change. */
export const rulesOf = onceFor(
  (settings: Settings): WorkspaceRules => ({
    send: sendRules(settings),
    order: channelOrder(settings),
    fallback: fallbackRules(settings),
  }),
);

const HOUR_MS = 3_600_000;

/** The rules on when and how often. */
export function sendRules(settings: Settings): SendRules {
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

/** The order of channels when nothing else decides; a workspace may set its own. */
export const DEFAULT_ORDER: readonly string[] = [
  'whatsapp',
  'webchat',
  'sms',
  'push',
  'email',
  'voice',
  'webhook',
];

function channelOrder(settings: Settings): readonly string[] {
  const order = settings['channelOrder'];
  return Array.isArray(order) && order.every((name) => typeof name === 'string') ? order : DEFAULT_ORDER;
}

/** On unless switched off. */
function fallbackRules(settings: Settings): FallbackRules {
  const given = settings['fallback'] as { on?: unknown; unreadAfterMs?: unknown } | undefined;
  const unreadAfterMs = Number(given?.unreadAfterMs);
  return { on: given?.on !== false, ...(unreadAfterMs > 0 ? { unreadAfterMs } : {}) };
}
