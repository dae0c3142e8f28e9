/** One text for one value: what two requests or callbacks are compared by. */

/** JSON with the keys of objects in order; the empty text for what JSON has no word for. */
export function canonicalJson(value: unknown): string {
  const sorted = JSON.stringify(value, (_name, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  ) as string | undefined;
  return sorted ?? '';
}
