/** The kinds of steps, and the edges each has. Pure. */
import type { Step } from '../../../contract/campaign.ts';

/** The kinds of steps. */
export const STEP_KINDS = [
  'send',
  'wait',
  'wait_until',
  'wait_for',
  'branch',
  'split',
  'set',
  'tag',
  'group_chat',
  'share',
  'stop',
] as const;
/** A kind of step. */
export type StepKind = (typeof STEP_KINDS)[number];

/** Edges by kind, besides the next step. */
export const EDGES: Readonly<Record<StepKind, readonly string[]>> = {
  send: ['next', 'failed', 'suppressed'],
  wait: ['next'],
  wait_until: ['next'],
  wait_for: ['done', 'timeout'],
  branch: ['else'],
  split: [],
  set: ['next'],
  tag: ['next'],
  group_chat: ['next'],
  share: ['next'],
  stop: [],
};

/** What the kind of a step is. */
export function kindOf(step: Step): StepKind {
  return STEP_KINDS.find((kind) => kind in step)!;
}
