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
  'webhook',
  'group_chat',
  'form',
  'connect',
  'start',
  'stop',
] as const;

/** Those that another room does (`handlers.ts`). */
const HANDED_KINDS = ['webhook', 'group_chat', 'form', 'connect'] as const;
/** One of them. */
export type HandedKind = (typeof HANDED_KINDS)[number];
/** A kind of step. */
export type StepKind = (typeof STEP_KINDS)[number];

/** Edges by kind, besides the next step. */
export const EDGES: Readonly<Record<StepKind, readonly string[]>> = {
  send: ['next', 'failed', 'suppressed'],
  wait: ['next'],
  wait_until: ['next', 'missed'],
  wait_for: ['done', 'timeout'],
  branch: ['else'],
  split: [],
  set: ['next', 'failed'],
  tag: ['next', 'failed'],
  webhook: ['ok', 'failed'],
  group_chat: ['next', 'failed'],
  form: ['next', 'failed'],
  connect: ['next', 'failed'],
  start: ['next'],
  stop: [],
};

/** What the kind of a step is. */
export function kindOf(step: Step): StepKind {
  return STEP_KINDS.find((kind) => kind in step)!;
}

/** Whether somebody does nothing at a step but wait. */
export function isWait(step: Step): boolean {
  return 'wait' in step || 'wait_until' in step || 'wait_for' in step;
}

/** The kind of a step that another room does; undefined of the others. */
export function handedKindOf(step: Step): HandedKind | undefined {
  return HANDED_KINDS.find((kind) => kind in step);
}
