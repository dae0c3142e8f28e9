/** What a room brings to the simulation: steps that are drawn and done, and what must be so at the end. One file for each room. */
import type { Draws } from '../draws.ts';
import type { Run, Step } from '../run.ts';

/** A room in the simulation. */
export type RoomPlay = {
  name: string;
  /**
   * Draws the rest of a step; `weight` says how often, beside the others. What sets the scene is done before all others, once, in such a
   * share of the seeds.
   */
  steps: readonly ({ what: string; draw?: (draws: Draws) => Record<string, unknown> } & ({ weight: number } | { scene: number }))[];
  /** A seed has one or two of the rooms that stand apart, so that it stays short. */
  isApart?: true;
  /** Makes what its steps need, before the first of a run that has any. */
  furnish?(run: Run): Promise<void>;
  /** Does a step; rejects when it was refused. Its promise may stay open when whoever did it dies. */
  perform(run: Run, step: Step): Promise<unknown>;
  /** The run goes on only when the step is over; the step plays the stage itself where it has to. */
  waits?: true;
  /** Ends what would keep the run from coming to rest; of a room that is in it. */
  heal?(run: Run): Promise<void>;
  /** So late it finds what a lost notice would have told: it is played on for so long when all else is at rest. */
  findsWithinMs?: number;
  /** What is not as it must be, in words, once all is at rest. */
  check?(run: Run): Promise<string[]>;
  /** How what is this room's can stand, in words of its own, and how that which a step is about does; without a step, all there is. */
  standings?: { among: readonly string[]; of(run: Run, step: Step | undefined): Promise<string[]> };
};
