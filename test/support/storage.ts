import type { OutboundStorage } from '../../sdk/outbound/src/outbound.ts';

/** What localStorage is to a page. */
export function storageOf(
  kept: Record<string, string> = {},
): OutboundStorage & { kept: Record<string, string> } {
  return {
    kept,
    getItem: (name) => kept[name] ?? null,
    setItem: (name, value) => void (kept[name] = value),
    removeItem: (name) => void delete kept[name],
    getAllKeys: () => Object.keys(kept),
  };
}
