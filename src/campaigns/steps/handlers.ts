/**
 * Steps that another room does: a form that is shown, a group that somebody is put into, a call of a webhook. Each is brought in by
 * `parley.ts`; a kind that nobody has brought in is refused by name. Holds types only.
 */
import type { Workspace } from '../../accounts/workspaces.ts';
import type { Fault } from '../../base/fault.ts';
import type { Tx } from '../../db/pool.ts';
import type { HandedKind } from './kinds.ts';

/** Somebody who has come to such a step. */
export type StepArrival = {
  contactId: number;
  campaign: { id: number; key: string };
  step: string;
  /** What is written in the step. */
  given: Readonly<Record<string, unknown>>;
  /** Properties of what set the campaign off. */
  event: Readonly<Record<string, unknown>>;
  /** The same whenever it is done again; by it what is made is made once. */
  key: string;
};

/** Who does one kind of step. */
export type StepHandler = {
  kind: HandedKind;
  /** The first rule that a step breaks, with its path. Asked when it is drafted and when it is published. */
  check(
    tx: Tx,
    workspaceId: number,
    given: Readonly<Record<string, unknown>>,
    path: string,
  ): Promise<Fault | undefined>;
  /**
   * Does it for some contacts of a workspace, in the turn's transaction: it writes rows and calls nobody. Returns for each, in order, why
   * it could not be done; undefined where it was. `nowMs` is by our clock.
   */
  act(
    tx: Tx,
    workspace: Workspace,
    handed: readonly StepArrival[],
    nowMs: number,
  ): Promise<(string | undefined)[]>;
};
