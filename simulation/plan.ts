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
/** Where the scene has more people in it or slower providers there are fewer steps, so that a seed takes as long. */
const FEWER = 0.5;
/** The scene is set by then. */
const SET_MS = 5_000;

/** The steps of a seed; with `focus` few, and of these kinds only. */
export function planOf(seed: number, focus: readonly string[] = []): Step[] {
  const draws = drawsOf(seed);
  const apart = apartIn(draws);
  const scene = sceneIn(draws, focus);
  const kinds = ROOMS.filter((room) => focus.length || !room.isApart || apart.has(room.name)).flatMap((room) =>
    room.steps
      .filter((step) => 'weight' in step)
      .filter(({ what }) =>
        focus.length ? focus.includes(`${room.name} ${what}`) : room.name === 'sends' || !draws.happens(`without ${room.name} ${what}`, LEFT_OUT))
      .map((step) => [step.weight, { room: room.name, ...step }] as const),
  );
  const count = focus.length ? FOCUSED_STEPS : Math.ceil(draws.between('steps', 10, 45) * (scene.length ? FEWER : 1));
  let atMs = scene.length ? SET_MS : 0;
  const steps = Array.from({ length: count }, () => {
    atMs += gap(draws);
    const { room, what, draw } = draws.weighted('step', kinds);
    return { atMs, room, what, ...draw?.(draws) };
  });
  return [...scene, ...steps];
}

/** What is there before the first step: more people than usual, a provider that is slow. */
function sceneIn(draws: Draws, focus: readonly string[]): Step[] {
  return ROOMS.flatMap(({ name: room, steps }) =>
    steps.flatMap((step) => {
      if (!('scene' in step)) return [];
      const { what, scene, draw } = step;
      const isSet = focus.length ? focus.includes(`${room} ${what}`) : draws.happens(`scene ${room} ${what}`, scene);
      return isSet ? [{ atMs: 0, room, what, ...draw?.(draws) }] : [];
    }),
  );
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
