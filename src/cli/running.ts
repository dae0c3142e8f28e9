/** A Parley that runs, as far as the commands know it. */
import type { FirstOwner } from '../accounts/signIn/passwordLinks.ts';
import type { SignInLink } from '../accounts/signIn/signInLinks.ts';
import type { Demo } from '../accounts/demo.ts';

/** A Parley that runs, as far as the commands know it. */
export type Running = {
  url: string | undefined;
  /** Where probes and metrics are, when they have a port of their own. */
  probes?: string | undefined;
  demo: Demo | undefined;
  firstOwner?: FirstOwner;
  signIn?: SignInLink | undefined;
  stop(): Promise<void>;
};
