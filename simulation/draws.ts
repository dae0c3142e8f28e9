/**
 * Everything random of a simulation, drawn from one seed by the name of what is drawn. A draw depends on its name and on how
 * often that name was drawn before, and on nothing else: take a step out of a workload, and what happens to the others stays
 * as alike as it can, which is what lets a failing run be shortened.
 */

/** A source of draws. */
export type Draws = {
  /** 0 ≤ x < 1. */
  unit: (name: string) => number;
  /** An integer, from `least` to `most`, both included. */
  between: (name: string, least: number, most: number) => number;
  /** True with a probability of `chance`. */
  happens: (name: string, chance: number) => boolean;
  /** One of them. */
  one: <T>(name: string, among: readonly T[]) => T;
  /** One of them, as often as its weight says. */
  weighted: <T>(name: string, among: readonly (readonly [weight: number, value: T])[]) => T;
};

/** Draws of a seed. */
export function drawsOf(seed: number): Draws {
  const drawn = new Map<string, number>();
  const unit = (name: string): number => {
    const count = drawn.get(name) ?? 0;
    drawn.set(name, count + 1);
    return hash(`${seed}/${name}/${count}`) / 2 ** 32;
  };
  const between = (name: string, least: number, most: number) =>
    least + Math.floor(unit(name) * (most - least + 1));
  return {
    unit,
    between,
    happens: (name, chance) => unit(name) < chance,
    one: (name, among) => among[between(name, 0, among.length - 1)]!,
    weighted(name, among) {
      let left = unit(name) * among.reduce((sum, [weight]) => sum + weight, 0);
      for (const [weight, value] of among) {
        left -= weight;
        if (left < 0) return value;
      }
      return among.at(-1)![1];
    },
  };
}

/** FNV-1a over the text, then murmur3's finalizer: FNV alone leaves neighbours alike. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
