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
  /** What is on its way: no more than there are places before the provider, so that it is gone through when somebody asks. */
  const under = new Set<Sent>();
  /** Numbers that are being asked for, and whether something was sent there since. */
  const asked = new Map<string, { disturbed: boolean }>();

  const ask = async (message: AskedFor): Promise<Outcome | undefined> => {
    const { ref, to, known } = message;
    const state = { disturbed: [...under].some((sent) => sent.to === to) };
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
      for (const message of messages) {
        under.add(message);
        const state = asked.size > 0 ? asked.get(message.to) : undefined;
        if (state) state.disturbed = true;
      }
    },
    ended(message, outcome) {
      under.delete(message);
      recent.note(message.ref, outcome);
    },
  };
}

/**
 * For which message a provider gave or found each id, of late. Every message is noted and hardly ever is one asked for, so ids are put in
 * order only then. In two parts, of which the older goes as a whole.
 */
function createRecent() {
  let part = createPart();
  let older = createPart();
  return {
    isOfAnother(id: string, ref: string): boolean {
      const own = part.refOf(id) ?? older.refOf(id);
      return own !== undefined && own !== ref;
    },
    note(ref: string, outcome: Outcome | undefined): void {
      if (outcome?.kind !== 'accepted') return;
      for (const id of outcome.externalIds) part.add(id, ref);
      if (part.size() < RECENT) return;
      older = part;
      part = createPart();
    },
  };
}

function createPart() {
  const ids: string[] = [];
  const refs: string[] = [];
  const refOf = new Map<string, string>();
  let ordered = 0;
  return {
    add(id: string, ref: string): void {
      ids.push(id);
      refs.push(ref);
    },
    size: () => ids.length,
    refOf(id: string): string | undefined {
      for (; ordered < ids.length; ordered++) refOf.set(ids[ordered]!, refs[ordered]!);
      return refOf.get(id);
    },
  };
}
