/**
 * The views of the operators' inbox: which conversations are in each and in which order, for the server's lists and for the pages that
 * keep them up to date by themselves. Pure.
 */

/** The views there are. */
export const VIEWS = ['mine', 'unassigned', 'all', 'snoozed', 'closed'] as const;
/** A view. */
export type View = (typeof VIEWS)[number];

/** What of a conversation decides where it stands. Times are unix ms by the workspace's clock. */
export type Standing = {
  contactId: string;
  closed: boolean;
  snoozedUntilMs: number | null;
  assigneeId: string | null;
  lastMs: number;
  /** Since when the contact waits for an answer; null when it has one. */
  waitingMs: number | null;
};

/** Above every time: among those that nobody waits in, the newest comes first. */
const LATEST_MS = 9_000_000_000_000_000;

/** True when a conversation is in a view of somebody. */
export function isIn(view: View, one: Standing, me: string, nowMs: number): boolean {
  const sleeps = one.snoozedUntilMs !== null && one.snoozedUntilMs > nowMs;
  switch (view) {
    case 'closed':
      return one.closed;
    case 'snoozed':
      return !one.closed && sleeps;
    case 'mine':
      return !one.closed && !sleeps && one.assigneeId === me;
    case 'unassigned':
      return !one.closed && !sleeps && one.assigneeId === null;
    case 'all':
      return !one.closed && !sleeps;
  }
}

/** What a view is sorted by, ascending. */
export function rankIn(view: View, one: Standing): number {
  switch (view) {
    case 'mine':
    case 'unassigned':
      return one.waitingMs ?? LATEST_MS - one.lastMs;
    case 'snoozed':
      return one.snoozedUntilMs ?? 0;
    case 'all':
    case 'closed':
      return -one.lastMs;
  }
}

/** The order of two conversations in a view. */
export function compareIn(view: View, a: Standing, b: Standing): number {
  const tie = a.contactId < b.contactId ? -1 : a.contactId > b.contactId ? 1 : 0;
  return rankIn(view, a) - rankIn(view, b) || (view === 'all' || view === 'closed' ? -tie : tie);
}

/** Counting ends here: what has more says so many. */
export const MOST_COUNTED = 1_001;
