/**
 * A workspace's rules on sending, parsed once from its settings into a type. Settings are checked where they are set; what is not well
 * formed here counts as absent. Reads nothing.
 */
import { channelOrder } from './choose.ts';
import { fallbackRules, type FallbackRules } from './fallbackRules.ts';
import type { QuietHours } from './window.ts';

/** At most so many marketing messages to one person in so much time, each cause counted once. */
export type FrequencyCap = { most: number; perMs: number };

/** When and how often people are written to. */
export type SendRules = { quietHours?: QuietHours; frequencyCap?: FrequencyCap };

/** Everything in a workspace's settings that decides on sending. */
export type WorkspaceRules = { send: SendRules; order: readonly string[]; fallback: FallbackRules };

type Settings = Readonly<Record<string, unknown>>;

const parsed = new WeakMap<Settings, WorkspaceRules>();

/** The rules in settings. Parsed once per settings object: the directory keeps those, and makes new ones when they change. */
export function rulesOf(settings: Settings): WorkspaceRules {
  let rules = parsed.get(settings);
  if (!rules) {
    rules = {
      send: sendRules(settings),
      order: channelOrder(settings),
      fallback: fallbackRules(settings),
    };
    parsed.set(settings, rules);
  }
  return rules;
}

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
