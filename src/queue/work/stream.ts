/** What the number of a stream tells of it. Pure. */

/**
 * Whether a stream is a bulk run: one cause for many owners. Below 0 is work of one sender (a campaign) that is claimed apart as a run's
 * is, since there may be very much of it, but is otherwise like what is interactive: each piece has a cause of its own.
 */
export function isRun(stream: number): boolean {
  return stream > 0;
}

/** The stream of what is sent one by one by a sender that has an id. */
export function streamApart(senderId: number): number {
  return -senderId;
}
