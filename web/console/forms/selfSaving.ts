/**
 * Something that is written and saves itself. What is not saved yet is kept in the browser, so that a reload or a lost line takes nothing;
 * and a change of somebody else is never written over: who saves says which revision was seen, and chooses when there is another. Knows
 * no page and no address.
 */
import { ApiFault } from '../api/call.ts';

/** Where saving stands. */
export type Saving<T> =
  | { kind: 'saved' }
  | { kind: 'saving' }
  /** Refused as it stands, or the line is down: then it is tried again by itself, else with the next change. */
  | { kind: 'not saved'; why: string; field: string | undefined }
  | { kind: 'conflict'; theirs: T };

/**
 * What is written, and where saving it stands. A new object whenever one of both changes. `turn` is another once the fields hold what was
 * not typed into them: what keeps a text of its own beside them (an editor) begins anew, or the next letter would bring back the old one.
 */
export type Written<F, T> = { fields: F; saving: Saving<T>; turn: number };

type Given<F extends object, T extends { revision: number }> = {
  first: T;
  fieldsOf: (thing: T) => F;
  /** Saves over a revision; answers the thing as it is then. */
  save: (changed: Partial<F>, revision: number) => Promise<T>;
  read: () => Promise<T>;
  /** Where what is not saved waits: under `key` in the browser's store. */
  store: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  key: string;
  later: (act: () => void, ms: number) => number;
  never: (timer: number) => void;
};

/** The thing in the page. */
export type SelfSaving<F, T> = {
  now: () => Written<F, T>;
  watch: (act: () => void) => () => void;
  change: (some: Partial<F>) => void;
  /** Changes what nobody has typed: an older version, say. */
  put: (some: Partial<F>) => void;
  /** The thing as the server has it now: where nothing of one's own waits, it is what is shown. */
  see: (thing: T) => void;
  /** Ends a conflict: with one's own changes, or with the other's. */
  choose: (whose: 'mine' | 'theirs') => void;
  /** Saves what waits, at once: one leaves. */
  flush: () => void;
};

const SAVE_MS = 600;
const AGAIN_MS = 5_000;

type Kept<F> = { revision: number; changed: Partial<F> };

/** Begins with what this browser has not saved yet. */
export function selfSaving<F extends object, T extends { revision: number }>(
  given: Given<F, T>,
): SelfSaving<F, T> {
  const { first, fieldsOf } = given;
  const storage = storageOf<F>(given);
  let { revision, changed } = storage.read() ?? { revision: first.revision, changed: {} as Partial<F> };
  const waits = () => Object.keys(changed).length > 0;
  const standing = () => ({ kind: waits() ? ('saving' as const) : ('saved' as const) });
  const shown = { fields: { ...fieldsOf(first), ...changed }, saving: standing(), turn: 0 };
  const { now, watch, tell } = watched<Written<F, T>>(shown);
  // On its way, and not yet known to be saved.
  let sent: Partial<F> = {};
  let isBusy = false;
  const keep = () => storage.write({ revision, changed: { ...sent, ...changed } });
  const soon = onceAt(given, () => void save());
  const save = async () => {
    // Who is busy looks again at the end.
    if (isBusy || !waits() || now().saving.kind === 'conflict') return;
    isBusy = true;
    sent = changed;
    changed = {};
    tell({ saving: { kind: 'saving' } });
    try {
      ({ revision } = await given.save(sent, revision));
      tell({ saving: standing() });
      if (waits()) soon(0);
    } catch (error) {
      // What was typed meanwhile is newer.
      changed = { ...sent, ...changed };
      await refused(error);
    }
    sent = {};
    isBusy = false;
    keep();
  };
  const refused = async (error: unknown) => {
    const saving = await refusedAs(error, given.read);
    tell({ saving });
    if (saving.kind === 'not saved' && mayPass(error)) soon(AGAIN_MS);
  };
  if (waits()) soon(0);
  const change = (some: Partial<F>, turn = now().turn) => {
    changed = { ...changed, ...some };
    keep();
    const { fields, saving } = now();
    // From the first letter on: what is done with what is saved (starting it) must not be done without what was typed last.
    const next = saving.kind === 'saved' ? ({ kind: 'saving' } as const) : saving;
    tell({ fields: { ...fields, ...some }, saving: next, turn });
    soon(SAVE_MS);
  };
  const take = (thing: T) => {
    ({ revision } = thing);
    keep();
    tell({ fields: { ...fieldsOf(thing), ...changed }, saving: standing(), turn: now().turn + 1 });
  };
  return {
    now,
    watch,
    change: (some) => change(some),
    put: (some) => change(some, now().turn + 1),
    see(thing) {
      if (thing.revision > revision && !isBusy && !waits()) take(thing);
    },
    choose(whose) {
      const { saving } = now();
      if (saving.kind !== 'conflict') return;
      if (whose === 'theirs') changed = {};
      take(saving.theirs);
      soon(0);
    },
    flush: () => soon(0),
  };
}

/** Does something after a while, counted anew each time it is asked for. */
function onceAt({ later, never }: Pick<Given<never, never>, 'later' | 'never'>, act: () => void) {
  let timer: number | undefined;
  return (ms: number) => {
    if (timer !== undefined) never(timer);
    timer = later(act, ms);
  };
}

function storageOf<F extends object>({ store, key }: Pick<Given<F, never>, 'store' | 'key'>) {
  return {
    read(): Kept<F> | undefined {
      const text = store.getItem(key);
      return text === null ? undefined : (JSON.parse(text) as Kept<F>);
    },
    write(kept: Kept<F>): void {
      if (Object.keys(kept.changed).length > 0) store.setItem(key, JSON.stringify(kept));
      else store.removeItem(key);
    },
  };
}

/** A value, and who is told when it changes. */
function watched<T>(first: T) {
  let value = first;
  const watchers = new Set<() => void>();
  return {
    now: () => value,
    watch: (act: () => void) => {
      watchers.add(act);
      return () => void watchers.delete(act);
    },
    tell: (some: Partial<T>) => {
      value = { ...value, ...some };
      for (const act of watchers) act();
    },
  };
}

async function quietly<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch {
    return undefined;
  }
}

/** Another's change, where it can be read; else what was refused, in words. */
async function refusedAs<T>(error: unknown, read: () => Promise<T>): Promise<Saving<T>> {
  const theirs = isAnothers(error) ? await quietly(read) : undefined;
  return theirs ? { kind: 'conflict', theirs } : notSaved(error);
}

const isAnothers = (error: unknown) => error instanceof ApiFault && error.status === 412;
const mayPass = (error: unknown) => !(error instanceof ApiFault) || error.status === 0 || error.status >= 500;
const notSaved = (error: unknown) => ({
  kind: 'not saved' as const,
  why: error instanceof Error ? error.message : 'It could not be saved.',
  field: error instanceof ApiFault ? error.field : undefined,
});
