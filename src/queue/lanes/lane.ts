/** A lane as those see it who work in it. Holds types only. */

/** A lane as its owner holds it. */
export type OwnedLane = { lane: number; bucket: number; buckets: number[]; epoch: number };
