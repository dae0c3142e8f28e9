/**
 * Asking a provider what became of messages, so that two equal texts to one number are never taken for each other: a number's are asked for
 * one after the other and while nothing is on its way there, and what was answered or found for one is known when the next is asked for.
 */
import type { AskedFor, Outcome, Sender } from '../channels/adapter.ts';

/** Ids of messages that may not be settled yet: of so many at least. What is older is in the ledger long since. */
const RECENT = 10_000;

const DISTURBED: Outcome = {
  kind: 'unclear',
  code: 'not_asked',
  detail: 'another message to the number was on its way',
};

/** What was sent, as far as asking minds. */
type Sent = { ref: string; to: string };

/** Asks, and hears of what is sent. */
export type Asking = {
  ask: (message: AskedFor) => Promise<Outcome | undefined>;
  /** A call with these messages begins. */
  began: (messages: readonly Sent[]) => void;
  /** It has ended. */
  ended: (message: Sent, outcome: Outcome) => void;
};

/** Asks by `lookUp`. */
export function createAsking(lookUp: NonNullable<Sender['lookUp']>): Asking {
  const lastOf = new Map<string, Promise<unknown>>();
  const recent = createRecent();
  /** How many messages are on their way to each number. */
  const under = new Map<string, number>();
  /** Numbers that are being asked for, and whether something was sent there since. */
  const asked = new Map<string, { disturbed: boolean }>();

  const ask = async (message: AskedFor): Promise<Outcome | undefined> => {
    const { ref, to, known } = message;
    const state = { disturbed: under.has(to) };
    if (state.disturbed) return DISTURBED;
    asked.set(to, state);
    try {
      const has = (id: string) => known?.has(id) === true || recent.isOfAnother(id, ref);
      const outcome = await lookUp({ ...message, known: { has } });
      if (state.disturbed) return DISTURBED;
      recent.note(ref, outcome);
      return outcome;
    } finally {
      asked.delete(to);
    }
  };

  return {
    ask(message) {
      const { to } = message;
      const result = (lastOf.get(to) ?? Promise.resolve()).then(() => ask(message));
      const over = result.catch(() => {}).then(() => void (lastOf.get(to) === over && lastOf.delete(to)));
      lastOf.set(to, over);
      return result;
    },
    began(messages) {
      for (const { to } of messages) {
        under.set(to, (under.get(to) ?? 0) + 1);
        const state = asked.get(to);
        if (state) state.disturbed = true;
      }
    },
    ended({ ref, to }, outcome) {
      const left = under.get(to)! - 1;
      if (left) under.set(to, left);
      else under.delete(to);
      recent.note(ref, outcome);
    },
  };
}

/**
 * For which message a provider gave or found each id, of late. In two parts, of which the older goes as a whole: to take the oldest out of one Map
 * is to step over all that were taken out before it, 7 µs a message.
 */
function createRecent() {
  let refs = new Map<string, string>();
  let older = new Map<string, string>();
  return {
    isOfAnother(id: string, ref: string): boolean {
      const own = refs.get(id) ?? older.get(id);
      return own !== undefined && own !== ref;
    },
    note(ref: string, outcome: Outcome | undefined): void {
      if (outcome?.kind !== 'accepted') return;
      for (const id of outcome.externalIds) refs.set(id, ref);
      if (refs.size < RECENT) return;
      older = refs;
      refs = new Map();
    },
  };
}
