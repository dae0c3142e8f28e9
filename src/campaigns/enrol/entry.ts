/** That somebody entered a campaign, and that they are in it. Holds types only. */
import type { Seen } from '../match/facts.ts';
import type { Run } from '../steps/run.ts';

/** Which arm. Held out by the campaign, and `outside`, held out of all, walk as shadows. */
export const ARM = { treated: 0, holdout: 1, outside: 2 } as const;
/** An arm. */
export type Arm = 0 | 1 | 2;

/** Somebody who is in a campaign. `arm` is null while it is not decided whether they enter. */
export type Enrolment = Run & {
  campaignId: number;
  versionId: number;
  entryKey: number;
  epoch: number;
  arm: Arm | null;
  /** Which of several messages; null when there are none, or nothing is sent. */
  variant: string | null;
};

/** What came of a goal for one entry. */
type Converted = { n: number; value: number; firstMs: number };

/** What was waited for in vain: by the name of the event, the step. `seq` counts on what was decided before. */
export type Missed = { seq: number; steps: Record<string, string> };

/** That somebody entered. */
export type Entry = {
  campaignId: number;
  entryKey: number;
  enrolmentId: number;
  versionId: number;
  epoch: number;
  arm: Arm;
  variant: string | null;
  /** When the first message was sent, or would have been. */
  reachedMs: number | null;
  enteredMs: number;
  endedMs: number | null;
  ending: string | null;
  trigger: Seen | null;
  converted: Record<string, Converted>;
  /** What was waited for in vain, where the entry has ended. */
  missed: Missed | null;
};
