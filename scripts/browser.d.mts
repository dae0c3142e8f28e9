/** What TypeScript uses of browser.mjs. */
type Environment = Record<string, string | undefined>;
export const HOW_TO_GET_ONE: string;
export function findBrowser(env?: Environment): Promise<string | undefined>;
export function findShell(env?: Environment): Promise<string | undefined>;
export function ensureBrowser(env?: Environment, say?: (text: string) => void): Promise<void>;
