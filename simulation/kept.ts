/** Runs that failed once, shortened, with what was broken: they are played with every test run. */
import type { Step } from './run.ts';

/** Without `steps` it is the whole plan of the seed. */
export const KEPT: readonly { seed: number; steps?: readonly Step[]; was: string }[] = [];
