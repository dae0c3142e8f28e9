/**
 * Successions: of what has one name (a person, a webhook's calls to one), each goes behind the one before, in the order of asking, and may
 * hear what came of that. Where only so many may go at a time, whoever they are: `turns.ts`. Knows nothing of what is done.
 */

/** A turn in a succession. It is remembered until `forget`, when nobody who comes later has to hear of it. */
export type Turn<Told> = {
  /** What the one before tells when it ends; undefined where nobody is before. */
  before: Promise<Told | undefined> | undefined;
  /** Lets the next go on, and tells it. */
  end(told?: Told): void;
  /** Ends it, where it has not ended. */
  forget(): void;
};

/** Gives turns, in the order of asking. A name under which nobody has one is forgotten. */
export function createSuccession<Told = never>(): (name: string | number) => Turn<Told> {
  const last = new Map<string | number, Promise<Told | undefined>>();
  return (name) => {
    const { promise, resolve } = Promise.withResolvers<Told | undefined>();
    const before = last.get(name);
    last.set(name, promise);
    return {
      before,
      end: resolve,
      forget() {
        resolve(undefined);
        if (last.get(name) === promise) last.delete(name);
      },
    };
  };
}
