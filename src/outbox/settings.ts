/** A workspace's settings of the outbox, parsed once into a type. What is not well formed counts as absent (settings are checked where they are set). */
import { onceFor } from '../base/once.ts';

/** Somebody who was busy or did not pick up is called so many times more, each so long after the last. */
export type RedialRule = { times: number; afterMs: number };

/** What the outbox goes by. */
type OutboxSettings = {
  /** Mail tells of being opened. */
  tracksOpens: boolean;
  redial: RedialRule | undefined;
};

/** The settings. */
export const outboxSettings = onceFor(
  (settings: Readonly<Record<string, unknown>>): OutboxSettings => ({
    tracksOpens: settings['trackOpens'] === true,
    redial: redialRule(settings['redial']),
  }),
);

function redialRule(given: unknown): RedialRule | undefined {
  const { times, afterMs } = (given ?? {}) as { times?: unknown; afterMs?: unknown };
  const rule = { times: Number(times), afterMs: Number(afterMs) };
  return rule.times > 0 && rule.afterMs > 0 ? rule : undefined;
}
