/** Draws the workload of a seed: which steps, in which order, how far apart. */
import { drawsOf, type Draws } from './draws.ts';
import { ROOMS } from './rooms/rooms.ts';
import type { Step } from './run.ts';

/**
 * Each seed goes without some kinds of step: what is left meets more often, and what one kind hides is seen without it (swarm
 * testing, Groce et al. 2012).
 */
const LEFT_OUT = 0.4;

/** Steps of a plan that is after one thing, where nobody says how many. */
const FOCUSED_STEPS = 5;
/** Where the scene has more people in it or slower providers there are fewer steps, so that a seed takes as long. */
const FEWER = 0.5;
/** The scene is set by then. */
const SET_MS = 5_000;

/** The steps of a seed, or the first `most` of them; with `focus` so many, and of these kinds only. */
export function planOf(seed: number, focus: readonly string[] = [], most?: number): Step[] {
  const draws = drawsOf(seed);
  if (!focus.length) return wholePlan(draws, most);
  const count = most ?? FOCUSED_STEPS;
  const aims = focus.map(aimOf);
  return focus.some((one) => one.includes('=')) ? aimedPlan(draws, aims, count) : focusedPlan(draws, aims, count);
}

function wholePlan(draws: Draws, most = Infinity): Step[] {
  const apart = apartIn(draws);
  const scene = SCENES.flatMap((kind) => (draws.happens(`scene ${kind.room} ${kind.what}`, kind.scene!) ? [stepOf(draws, kind, 0)] : []));
  const kinds = ROOMS.filter((room) => !room.isApart || apart.has(room.name)).flatMap((room) =>
    kindsOf(room)
      .filter(({ weight }) => weight !== undefined)
      .filter(({ what }) => room.name === 'sends' || !draws.happens(`without ${room.name} ${what}`, LEFT_OUT))
      .map((kind) => [kind.weight!, kind] as const),
  );
  const count = Math.min(most, Math.ceil(draws.between('steps', 10, 45) * (scene.length ? FEWER : 1)));
  let atMs = scene.length ? SET_MS : 0;
  const steps = Array.from({ length: count }, () => {
    atMs += gap(draws);
    return stepOf(draws, draws.weighted('step', kinds), atMs);
  });
  return [...scene, ...steps];
}

/** Some of these kinds, as often beside each other as usual. */
function focusedPlan(draws: Draws, aims: readonly Aim[], count: number): Step[] {
  const isNamed = ({ room, what }: Kind) => aims.some(({ kind }) => kind.room === room && kind.what === what);
  const scene = SCENES.filter(isNamed).map((kind) => stepOf(draws, kind, 0));
  const kinds = ROOMS.flatMap(kindsOf)
    .filter((kind) => kind.weight !== undefined && isNamed(kind))
    .map((kind) => [kind.weight!, kind] as const);
  let atMs = scene.length ? SET_MS : 0;
  const steps = Array.from({ length: count }, () => {
    atMs += gap(draws);
    return stepOf(draws, draws.weighted('step', kinds), atMs);
  });
  return [...scene, ...steps];
}

/** Where anything of a step is fixed: each kind once, in the order in which they are named, then more of them. Scenes are set before. */
function aimedPlan(draws: Draws, aims: readonly Aim[], count: number): Step[] {
  const scene = aims.filter(({ kind }) => kind.scene !== undefined).map((aim) => aimedStep(draws, aim, 0));
  const named = aims.filter(({ kind }) => kind.scene === undefined);
  let atMs = scene.length ? SET_MS : 0;
  const steps = Array.from({ length: named.length ? Math.max(count, named.length) : 0 }, (_, i) => {
    const drawnMs = gap(draws);
    atMs += named[i]?.afterMs ?? drawnMs;
    return aimedStep(draws, named[i] ?? draws.one('step', named), atMs);
  });
  return [...scene, ...steps];
}

/** A kind of step, of a room. */
type Kind = { room: string; what: string; weight?: number; scene?: number; draw?: (draws: Draws) => Record<string, unknown> };

function kindsOf({ name, steps }: (typeof ROOMS)[number]): Kind[] {
  return steps.map((step) => ({ room: name, ...step }));
}

/** What is there before the first step: more people than usual, a provider that is slow. */
const SCENES = ROOMS.flatMap(kindsOf).filter(({ scene }) => scene !== undefined);

function stepOf(draws: Draws, { room, what, draw }: Kind, atMs: number): Step {
  return { atMs, room, what, ...draw?.(draws) };
}

/** A kind of step that is wanted; what is fixed is not drawn, and it comes so long after the one before where that is said. */
type Aim = { kind: Kind; fixed: Record<string, unknown>; afterMs: number | undefined };

function aimedStep(draws: Draws, { kind, fixed }: Aim, atMs: number): Step {
  return { ...stepOf(draws, kind, atMs), ...fixed };
}

/** Reads a focus: a room, what is done, and what of it is fixed, as `broadcasts cancel number=0 after=2000`. */
function aimOf(focus: string): Aim {
  const [, name, pairs] = /^(.*?)((?: \w+=\S+)*)$/.exec(focus)!;
  const kind = ROOMS.flatMap(kindsOf).find(({ room, what }) => `${room} ${what}` === name);
  if (!kind) throw new Error(`there is no step “${name}”`);
  const { after, ...fixed } = Object.fromEntries(
    pairs!.split(' ').flatMap((pair) => {
      const at = pair.indexOf('=');
      return at < 0 ? [] : [[pair.slice(0, at), valueOf(pair.slice(at + 1))] as const];
    }),
  );
  return { kind, fixed, afterMs: after as number | undefined };
}

/** A number or an object as JSON has it, or a word. */
function valueOf(text: string): unknown {
  return /^[\d{]/.test(text) ? JSON.parse(text) : text;
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
