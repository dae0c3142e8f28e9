/** A workspace's rules on falling back (`settings.fallback`): whether another channel is tried, and how long reading may take. */

/** The rules. */
export type FallbackRules = {
  on: boolean;
  /** Not read for so long: the next channel. Undefined: what was accepted is left where it is. */
  unreadAfterMs?: number;
};

/** Reads the rules; on unless switched off. What is not well formed counts as absent (settings are checked where they are set). */
export function fallbackRules(settings: Readonly<Record<string, unknown>>): FallbackRules {
  const given = settings['fallback'] as { on?: unknown; unreadAfterMs?: unknown } | undefined;
  const unreadAfterMs = Number(given?.unreadAfterMs);
  return { on: given?.on !== false, ...(unreadAfterMs > 0 ? { unreadAfterMs } : {}) };
}
