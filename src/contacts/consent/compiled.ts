/**
 * What blocks an address, as it is kept on its destinations so that a send reads it with the person (`destinations.blocks`). Compiled
 * from the rows of `suppressions`, in the transaction that changes them; nothing else writes it.
 */
import { CAUSES, type Cause } from '../../../contract/reasons.ts';

/** One block. */
export type CompiledBlock = {
  cause: Cause;
  /** Bits of the classes it stops. */
  classes: number;
  /** The integration it is about; 0: every one. */
  scope: number;
  /** Bits of the classes it stops at other integrations of the channel, when it is about one. */
  elsewhere: number;
  /** Its evidence, as it was written down: `stop`, `unsubscribed`, a provider's code, an operator's words. */
  reason: string;
};

/** The classes a block stops through an integration; undefined: through whichever, so the most. */
export function bitsAt(
  { classes, scope, elsewhere }: CompiledBlock,
  integrationId: number | undefined,
): number {
  if (scope === 0) return classes;
  if (integrationId === undefined) return classes | elsewhere;
  return scope === integrationId ? classes : elsewhere;
}

/** What is kept on a destination. */
export type CompiledConsent = {
  /** All classes that some block stops, for lists; the gate goes by `blocks`. */
  blockedClasses: number;
  /** The evidence of the first block; null without any. */
  blockedReason: string | null;
  /** Blocks as text, the first by order of causes first; null without any. */
  blocks: string[] | null;
};

/** Compiles the blocks of an address. */
export function compileBlocks(rows: readonly CompiledBlock[]): CompiledConsent {
  if (rows.length === 0) return { blockedClasses: 0, blockedReason: null, blocks: null };
  const sorted = [...rows].sort(
    (a, b) => CAUSES.indexOf(a.cause) - CAUSES.indexOf(b.cause) || a.scope - b.scope,
  );
  return {
    blockedClasses: sorted.reduce((bits, one) => bits | one.classes | one.elsewhere, 0),
    blockedReason: sorted[0]!.reason,
    blocks: sorted.map((one) => `${one.cause}/${one.classes}/${one.scope}/${one.elsewhere}/${one.reason}`),
  };
}

/** Reads what compileBlocks wrote. */
export function readBlocks(texts: readonly string[] | null): CompiledBlock[] | null {
  if (texts === null) return null;
  return texts.map((text) => {
    const [, cause, classes, scope, elsewhere, reason] = /^(\w+)\/(\d+)\/(\d+)\/(\d+)\/(.*)$/s.exec(text)!;
    return {
      cause: cause as Cause,
      classes: Number(classes),
      scope: Number(scope),
      elsewhere: Number(elsewhere),
      reason: reason!,
    };
  });
}
