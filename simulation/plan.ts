/** Draws the workload of a seed: which steps, in which order, how far apart. */
import { drawsOf, type Draws } from './draws.ts';
import { ROOMS } from './rooms/rooms.ts';
import type { Step } from './run.ts';

/**
 * Each seed goes without some kinds of step: what is left meets more often, and what one kind hides is seen without it (swarm
 * testing, Groce et al. 2012).
 */
const LEFT_OUT = 0.4;

/** Steps of a plan that is after one thing. */
const FOCUSED_STEPS = 5;

/** The steps of a seed; with `focus` few, and of these kinds only. */
export function planOf(seed: number, focus: readonly string[] = []): Step[] {
  const draws = drawsOf(seed);
  const apart = apartIn(draws);
  const kinds = ROOMS.filter((room) => focus.length || !room.isApart || apart.has(room.name)).flatMap((room) =>
    room.steps
      .filter(({ what }) =>
        focus.length ? focus.includes(`${room.name} ${what}`) : room.name === 'sends' || !draws.happens(`without ${room.name} ${what}`, LEFT_OUT))
      .map((step) => [step.weight, { room: room.name, ...step }] as const),
  );
  const count = focus.length ? FOCUSED_STEPS : draws.between('steps', 10, 45);
  let atMs = 0;
  return Array.from({ length: count }, () => {
    atMs += gap(draws);
    const { room, what, draw } = draws.weighted('step', kinds);
    return { atMs, room, what, ...draw?.(draws) };
  });
}

/** One or two of the rooms that stand apart. */
function apartIn(draws: Draws): ReadonlySet<string> {
  const names = ROOMS.flatMap(({ isApart, name }) => (isApart ? name : []));
  return new Set([draws.one('room apart', names), ...(draws.happens('two rooms apart', 0.3) ? [draws.one('room apart', names)] : [])]);
}

/** Mostly at once or soon, so that things meet; now and then hours, so that nights and caps pass. */
function gap(draws: Draws): number {
  const [least, most] = draws.weighted('apart', [
    [5, [0, 3]],
    [5, [5, 400]],
    [4, [400, 6_000]],
    [2, [6_000, 120_000]],
    [1, [600_000, 40_000_000]],
  ] as const);
  return draws.between('gap', least, most);
}
