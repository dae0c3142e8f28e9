/** Reading something out of an object once. */

/** A reading that is done once for each object, which must not change: what was read is kept for as long as the object is. */
export function onceFor<K extends object, T>(read: (from: K) => T): (from: K) => T {
  const known = new WeakMap<K, { value: T }>();
  return (from) => {
    let kept = known.get(from);
    if (!kept) known.set(from, (kept = { value: read(from) }));
    return kept.value;
  };
}
