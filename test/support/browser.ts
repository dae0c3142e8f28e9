/** The one place where tests start a browser: Chromium, headless, and with nothing but this machine in reach. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext } from 'playwright-core';
import { findBrowser, findShell, HOW_TO_GET_ONE } from '../../scripts/browser.mjs';

const program = await findBrowser();
/** For pages, which need no window: half the CPU. */
const shell = await findShell();

/** Why tests in a browser are skipped; false when there is one. */
export const skip: string | false = program ? false : HOW_TO_GET_ONE;

const FLAGS = [
  // The old headless mode, which Chromium had until 131, has no push.
  '--headless=new',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  // The pages take it seriously: nothing fades in for who does not see it.
  '--force-prefers-reduced-motion',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
];

/** A browser whose contexts keep nothing; with a window where what is tried shows something on the desktop. */
export async function startBrowser({ hasWindow = false } = {}): Promise<Browser> {
  const { chromium } = await import('playwright-core');
  return await chromium.launch({
    executablePath: hasWindow ? program! : shell!,
    args: FLAGS,
    chromiumSandbox: sandboxed(),
  });
}

/** A browser with a profile on disk, as a person has; what is made in private cannot have push. Its notifications go to `desktop`. */
export async function startProfile(
  flags: readonly string[],
  desktop: { address: string },
): Promise<{ context: BrowserContext; close(): Promise<void> }> {
  const { chromium } = await import('playwright-core');
  const dir = await mkdtemp(join(tmpdir(), 'parley-browser-'));
  const context = await chromium.launchPersistentContext(dir, {
    executablePath: program!,
    args: [...FLAGS, ...flags],
    chromiumSandbox: sandboxed(),
    env: { ...process.env, DBUS_SESSION_BUS_ADDRESS: desktop.address },
  });
  return {
    context,
    async close() {
      await context.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Chromium refuses its sandbox to root. */
function sandboxed(): boolean {
  return process.getuid?.() !== 0;
}
