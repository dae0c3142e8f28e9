/** Somebody in a campaign, as a step sees them, and what a step leads to. Holds types only. */
import type { Seen } from '../match/facts.ts';
import type { HandedKind } from './kinds.ts';

/** Where somebody stands. Kept as it is, so names are short where there are many. */
export type Place = {
  step: string;
  /** As of when they came to the step. */
  sinceMs: number;
  /** When something happens by itself. */
  dueMs: number;
  /** What was decided so far, counted. */
  seq: number;
  /**
   * `go`: the step was not taken yet. `sent`: it was, and what comes of the message, or of what another room does, is waited for.
   * `spread`: its time of many is waited for.
   */
  phase?: 'go' | 'sent' | 'spread';
  /** When the filter is to be looked at again, where that is sooner. */
  lookMs?: number;
  /** How often a step was come back to. */
  passes?: Record<string, number>;
  /** By name, the last event that ended a wait: [at, key]. */
  heard?: Record<string, [number, number]>;
  /** By name, the step whose wait for it ran out of time. */
  missed?: Record<string, string>;
  /** How long they stood at the step while the campaign was paused: what is waited for there lasts so much longer. */
  heldMs?: number;
  /** When the last pause began that they stood at the step for: it is over once, also for who comes from lane to lane by a merge. */
  stoodFromMs?: number;
  /** How late it is already that the step goes on, where what a pause held up is caught up with. */
  lateMs?: number;
  /** The zone by whose wall the wait at the step was set. */
  zone?: string;
};

/** An enrolment. */
export type Run = {
  id: number;
  contactId: number;
  enteredMs: number;
  /** Of the holdout: walks the same way as a shadow. */
  isShadow: boolean;
  trigger: Seen | null;
  place: Place;
};

/** Why a step is taken. `lateMs`: how much later it is taken than that happened, or was due. */
export type Stimulus = { lateMs?: number } & (
  | { kind: 'enter' }
  /** `isStill`: the campaign stands still, and only what takes somebody out of it counts. */
  | { kind: 'event'; event: Seen; isStill?: true }
  | { kind: 'changed' }
  /** What set them off is another now: a wait that they are in begins anew. */
  | { kind: 'refreshed' }
  /** A pause is over; where they stand is worked out already (`resumed.ts`). */
  | { kind: 'resumed' }
  /** Another room has done a step, or could not. */
  | { kind: 'handed'; step: string; failed: string | undefined }
  | { kind: 'due'; lateMs: number }
);

/** Why somebody is not in it any more. `isStop`: a step of its own says so. */
export type Ending = { completed: true } | { exited: string; isStop?: true };

/** What is to be done, in this very transaction. `seq` and the enrolment are its key. */
export type Effect = { seq: number; step: string; atMs: number } & Given;
/** What of it is the step's. */
export type Given =
  | { do: 'send' | 'would_send' }
  | { do: 'set'; attributes: Readonly<Record<string, unknown>> }
  | { do: 'tag'; add: readonly string[]; remove: readonly string[] }
  | { do: 'hand'; kind: HandedKind }
  | { do: 'start'; campaign: string };

/** A decision, for who asks why. */
export type StepDecision = { seq: number; atMs: number; what: string; step?: string; detail?: string };

/** What a step comes to. */
export type Stepped = { place: Place; ended?: Ending; effects: Effect[]; why: StepDecision[] };
