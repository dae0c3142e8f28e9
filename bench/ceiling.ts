/** The ceiling: a loop over undici and nothing else. What no messaging platform on this machine can exceed. */
import { serve } from './child.ts';
import { CONNECTIONS, inParallel, openPoster, phoneOf, type Poster } from './load.ts';
import { sharedMs } from './measure.ts';

let poster: Poster | undefined;

const commands = {
  /** Posts `count` messages; returns how long that took. */
  async run({ sinkUrl, count }: { sinkUrl: string; count: number }) {
    poster ??= openPoster(sinkUrl);
    const out = poster;
    const fromMs = sharedMs();
    await inParallel(CONNECTIONS, count, (n) => out.post(phoneOf(n), n));
    return { ms: sharedMs() - fromMs };
  },
};
/** What the ceiling can be asked. */
export type CeilingCommands = typeof commands;

serve(commands, async () => await poster?.close());
