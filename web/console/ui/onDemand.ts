/**
 * Code that is fetched when it is first needed, over a line that may be down at that moment. To React's `lazy` what did not come once is an
 * error for good, and takes away the page around it: a tip that was fetched just when the server ended left nothing of the console.
 */
import { lazy, type ComponentType, type LazyExoticComponent } from 'react';
import { toast } from './toasts.tsx';

const AGAIN_MS = [250, 500, 1_000, 2_000, 5_000];

/**
 * Fetches a module, and goes on until it is there: while the server is away there is nothing else to do. Rejects where the server answers
 * and it still does not come, twice: then it is not there any more (a newer version has other files), or is broken.
 */
export async function fetched<Module>(load: () => Promise<Module>): Promise<Module> {
  let answered = 0;
  for (let tries = 0; ; tries++) {
    try {
      return tries === 0 ? await load() : await again(load, tries);
    } catch (error) {
      if ((await isServerThere()) && ++answered > 1) throw error;
      const waitMs = AGAIN_MS[Math.min(tries, AGAIN_MS.length - 1)]!;
      await new Promise((resolve) => window.setTimeout(resolve, waitMs));
    }
  }
}

/** A part that is fetched when it is first shown. One that cannot be had is left out and told of; the rest lives on. */
export function onDemand<Module, Props extends object>(
  load: () => Promise<Module>,
  pick: (module: Module) => ComponentType<Props>,
): LazyExoticComponent<ComponentType<Props>> {
  return lazy(() =>
    fetched(load).then(
      (module) => ({ default: pick(module) }),
      () => {
        toast('A part of this page could not be fetched. Reload the page to have it.', { tone: 'bad' });
        return { default: () => null };
      },
    ),
  );
}

/**
 * Chromium keeps a module that failed as failed (whatwg/html#6768, changed in 2026 and not yet everywhere): under another address it is
 * asked for again. Style sheets that failed are not asked for again by the loader of the build, which has noted them as seen.
 */
async function again<Module>(load: () => Promise<Module>, tries: number): Promise<Module> {
  await restyle();
  try {
    return await load();
  } catch (error) {
    const [address] = /https?:\/\/[^\s?]+\.js/.exec(String(error)) ?? [];
    if (address === undefined) throw error;
    return (await import(/* @vite-ignore */ `${address}?again=${tries}`)) as Module;
  }
}

async function restyle(): Promise<void> {
  const links = [...document.querySelectorAll<HTMLLinkElement>('link[rel="stylesheet"]')];
  const settled = links
    .filter(({ sheet }) => sheet === null)
    .map(async (link) => {
      const fresh = link.cloneNode() as HTMLLinkElement;
      await new Promise<void>((resolve, reject) => {
        fresh.addEventListener('load', () => resolve());
        fresh.addEventListener('error', () => reject(new Error(`There is no ${fresh.href}`)));
        link.replaceWith(fresh);
      });
    });
  await Promise.all(settled);
}

/** Whether the server answers and has pages. */
async function isServerThere(): Promise<boolean> {
  return await fetch('/', { method: 'HEAD', cache: 'no-store' }).then(
    ({ ok }) => ok,
    () => false,
  );
}
