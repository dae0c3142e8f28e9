/** What is on the feed of groups. Holds types only. */
import type { Origin } from './reach.ts';

/**
 * `post.shown`: a post was put before those of some buckets, all of one lane, whom it is for. One event a lane, however many they are:
 * who wants to know whom asks for those it can tell.
 */
export type PostShown = { runId: number; broadcastId: number; origin: Origin; buckets: number[] };
