/** What was done at each step and what came of it: how often, and of how many. Pure. */
import type { Counted, Credited } from './sql.ts';

/** How often (`total`), and of how many people or messages (`unique`). */
type Twice = { unique: number; total: number };

/** A step of a version as it was taken: what was sent, what was told of it, and what was reached after it. */
type StepFunnel = {
  step: string;
  variant: string | null;
  version: number | null;
  counts: Record<string, Twice>;
  goals: { goal: string; people: number; times: number; value: number }[];
};

/** Metrics that count the first time alone are told with the whole. */
const FIRST = ':first';

/** By step, over all epochs, variants and versions, how often: `sent`, `would_send`, `delivered`, `opened`, `clicked`, … */
export function funnelOf(tallies: readonly Counted[]): Record<string, Record<string, number>> {
  const steps: Record<string, Record<string, number>> = {};
  for (const { step, metric, n } of tallies) {
    if (!isOfStep(step) || metric.endsWith(FIRST)) continue;
    const own = (steps[step] ??= {});
    own[metric] = (own[metric] ?? 0) + n;
  }
  return steps;
}

/** The same for each step, variant and version (`numbers`, by id), with what was reached after it. */
export function stepsOf(
  tallies: readonly Counted[],
  credited: readonly Credited[],
  numbers: ReadonlyMap<number, number>,
): StepFunnel[] {
  const found = new Map<string, StepFunnel>();
  const at = (step: string, variant: string, versionId: number): StepFunnel => {
    const key = `${step}|${variant}|${versionId}`;
    const known = found.get(key);
    if (known) return known;
    const version = numbers.get(versionId) ?? null;
    const made: StepFunnel = { step, variant: variant || null, version, counts: {}, goals: [] };
    found.set(key, made);
    return made;
  };
  for (const { step, variant, versionId, metric, n } of tallies) {
    if (!isOfStep(step)) continue;
    const { counts } = at(step, variant, versionId);
    const isFirst = metric.endsWith(FIRST);
    const name = isFirst ? metric.slice(0, -FIRST.length) : metric;
    const twice = (counts[name] ??= { unique: 0, total: 0 });
    twice[isFirst ? 'unique' : 'total'] += n;
  }
  for (const { step, variant, versionId, ...goal } of credited) at(step, variant, versionId).goals.push(goal);
  return [...found.values()];
}

/** How entries ended. */
export function endingsOf(tallies: readonly Counted[]): Record<string, number> {
  const endings: Record<string, number> = {};
  for (const { metric, n } of tallies) {
    const ending = /^ended:(.+)$/.exec(metric)?.[1];
    if (ending !== undefined) endings[ending] = (endings[ending] ?? 0) + n;
  }
  return endings;
}

function isOfStep(step: string): boolean {
  return step !== '' && !step.startsWith('goal:');
}
