/**
 * Where calls are kept until they are answered. Every tab keeps its own, each under a name of its own, so that no tab writes over
 * another's; those of a tab that is gone are taken over. Storage may be absent, full or refuse everything: then calls are in memory.
 */

/** Where calls are kept: `localStorage`, React Native's `AsyncStorage`, or anything like them. */
export type OutboundStorage = {
  getItem(name: string): string | null | Promise<string | null>;
  setItem(name: string, value: string): unknown;
  removeItem(name: string): unknown;
  /** All names; without it the object's own, as `localStorage` has them. */
  getAllKeys?(): readonly string[] | Promise<readonly string[]>;
};

/** A call: its id, where it goes, what it says, and when it was made (unix milliseconds). */
export type Kept = { id: string; path: string; body: unknown; t: number };

/** A call on the shelf: under which name, and what tells that it is there. */
export type Item = Kept & { name?: string; put?: unknown };

type Locks = {
  request(
    name: string,
    options: { ifAvailable: boolean },
    held: (lock: unknown) => unknown,
  ): Promise<unknown>;
};

/** The shelf of this page. */
export type Shelf = ReturnType<typeof openShelf>;

/** Opens a shelf: names begin with `prefix`. What is older than `keptMs` is not there any more: nobody would know it again as what came before. */
export function openShelf(storage: OutboundStorage | null | undefined, prefix: string, keptMs: number) {
  const tab = newId();
  let count = 0;
  let held = false;
  let release: (() => void) | undefined;

  function keep(item: Item): void {
    const name = `${prefix}${tab}:${count++}`;
    const { id, path, body, t } = item;
    try {
      item.put = storage?.setItem(name, JSON.stringify({ id, path, body, t }));
      item.name = name;
      quietly(item.put as Promise<unknown>);
    } catch {
      // It is full: the call is sent all the same.
    }
  }

  async function forget({ name, put }: Item): Promise<void> {
    await Promise.resolve(put).finally(() => name && storage?.removeItem(name));
  }

  async function take(names: readonly string[]): Promise<Item[]> {
    const found: Item[] = [];
    for (const name of names) {
      // Where it cannot be read now, all of them stay for the next page.
      const text = await storage!.getItem(name);
      try {
        const kept = JSON.parse(text!) as Kept;
        // What is no call, whoever wrote it, would hold up all that are.
        if (!(kept.path && kept.body && kept.t > Date.now() - keptMs)) throw 0;
        found.push({ ...kept, name });
      } catch {
        await storage!.removeItem(name);
      }
    }
    for (const item of found) {
      const before = { ...item };
      keep(item);
      if (item.name !== before.name) quietly(forget(before));
    }
    return found;
  }

  return {
    keep,
    forget: (item: Item) => quietly(forget(item)),
    /** Hands over the calls of pages that are gone, in order. Where nobody can tell, they may be sent twice: under one id. */
    async adopt(hand: (found: Item[]) => void): Promise<void> {
      if (!storage) return;
      const others = new Map<string, string[]>();
      for (const name of await (storage.getAllKeys?.() ?? Object.keys(storage))) {
        const of = name.startsWith(prefix) ? name.slice(prefix.length).split(':')[0]! : tab;
        if (of !== tab) others.set(of, [...(others.get(of) ?? []), name]);
      }
      const act = async (names: readonly string[]) =>
        hand((await take(names)).sort((a, b) => (a.id < b.id ? -1 : 1)));
      for (const [of, names] of others) {
        // A page that is being left holds its lock for a moment longer; one that stays, until it has nothing to hand over.
        const ask = (ifAvailable: boolean): Promise<unknown> | undefined =>
          locks()?.request(prefix + of, { ifAvailable }, (lock) => (lock ? act(names) : quietly(ask(false))));
        await (ask(true) ?? act(names));
      }
    },
    /** While calls wait, a lock tells other tabs that this one is there. A page that always held one could not be gone back to. */
    hold(): void {
      if (held) return;
      held = true;
      const until = () => (held ? new Promise<void>((resolve) => (release = resolve)) : undefined);
      quietly(locks()?.request(prefix + tab, { ifAvailable: false }, until));
    },
    letGo(): void {
      held = false;
      release?.();
    },
  };
}

let made = 1e6;
let atMs = 0;

/** An id that nobody else makes; those of a page sort in the order in which they were made, also where its clock is put back. Not `crypto.randomUUID`: pages without TLS have none. */
export function newId(): string {
  const some = () => Math.random().toString(36).slice(2);
  return [(atMs = Math.max(atMs, Date.now())), made++].map((n) => n.toString(36)).join('') + some() + some();
}

/** What fails here is nobody's concern: the call is in memory. */
export function quietly(work: Promise<unknown> | undefined): void {
  Promise.resolve(work).catch(() => {});
}

function locks(): Locks | undefined {
  return (globalThis as { navigator?: { locks?: Locks } }).navigator?.locks;
}
