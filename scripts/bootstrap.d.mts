/** What TypeScript uses of bootstrap.mjs. */
export function heapFlags(env?: Record<string, string | undefined>): string[];
export const arenas: Readonly<Record<string, string>>;
