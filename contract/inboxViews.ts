/**
 * The views of the operators' inbox: which conversations are in each and in which order, for the server's lists and for the pages that
 * keep them up to date by themselves. Pure.
 */

/** The views there are. */
export const VIEWS = ['mine', 'teams', 'unassigned', 'all', 'snoozed', 'closed'] as const;
/** A view. */
export type View = (typeof VIEWS)[number];

/** How pressing a conversation is, the most pressing first; kept as the place in this list. */
export const PRIORITIES = ['urgent', 'high', 'medium', 'low', 'none'] as const;
/** One of these. */
export type Priority = (typeof PRIORITIES)[number];

/** What of a conversation decides where it stands. Times are unix ms by the workspace's clock. */
export type Standing = {
  contactId: string;
  closed: boolean;
  snoozedUntilMs: number | null;
  assigneeId: string | null;
  teamId: string | null;
  /** Its place in `PRIORITIES`. */
  priority: number;
  lastMs: number;
  /** Since when the contact waits for an answer; null when it has one. */
  waitingMs: number | null;
};

/** Above every time: among those that nobody waits in, the newest comes first. */
const LATEST_MS = 9_000_000_000_000_000;
/** The order by priority is one number, too: so much apart are two of its words, and half of it is above every time. */
const PRIORITY_APART = 1_000_000_000_000_000;

/** True when a conversation is in a view of somebody who is in some teams. */
export function isIn<Id extends string | number>(
  view: View,
  one: Pick<Standing, 'closed' | 'snoozedUntilMs'> & { assigneeId: Id | null; teamId: Id | null },
  me: Id,
  teams: readonly Id[],
  nowMs: number,
): boolean {
  const sleeps = one.snoozedUntilMs !== null && one.snoozedUntilMs > nowMs;
  switch (view) {
    case 'closed':
      return one.closed;
    case 'snoozed':
      return !one.closed && sleeps;
    case 'mine':
      return !one.closed && !sleeps && one.assigneeId === me;
    case 'teams':
      return !one.closed && !sleeps && one.teamId !== null && teams.includes(one.teamId);
    case 'unassigned':
      return !one.closed && !sleeps && one.assigneeId === null;
    case 'all':
      return !one.closed && !sleeps;
  }
}

/** What comes first: who waits longest, what is newest, or what is most pressing and then who waits longest. */
export const SORTS = ['waiting', 'newest', 'priority'] as const;
/** One of these. */
export type Sort = (typeof SORTS)[number];
/** How views are sorted when nobody says; those that are not here (snoozed, closed) have one order. */
export const USUAL_SORT: Readonly<Partial<Record<View, Sort>>> = {
  mine: 'waiting',
  teams: 'waiting',
  unassigned: 'waiting',
  all: 'newest',
};

type Ranked = Pick<Standing, 'lastMs' | 'waitingMs' | 'snoozedUntilMs' | 'priority'>;

/** Whether the newest stand first, so that one can go to a day. */
export function isNewestFirst(view: View, sort = USUAL_SORT[view]): boolean {
  return view !== 'snoozed' && (sort === undefined || sort === 'newest');
}

/** What a view is sorted by, ascending; below 0 where the newest comes first. */
export function rankIn(view: View, one: Ranked, sort = USUAL_SORT[view]): number {
  if (view === 'snoozed') return one.snoozedUntilMs ?? 0;
  if (sort === 'waiting') return one.waitingMs ?? LATEST_MS - one.lastMs;
  return sort === 'priority'
    ? one.priority * PRIORITY_APART + (one.waitingMs ?? PRIORITY_APART / 2 - one.lastMs)
    : -one.lastMs;
}

/** The order of two conversations in a view. */
export function compareIn(
  view: View,
  a: Ranked & { contactId: string | number },
  b: Ranked & { contactId: string | number },
  sort = USUAL_SORT[view],
): number {
  const tie = a.contactId < b.contactId ? -1 : a.contactId > b.contactId ? 1 : 0;
  return rankIn(view, a, sort) - rankIn(view, b, sort) || (isNewestFirst(view, sort) ? -tie : tie);
}

/** Counting ends here: what has more says so many. */
export const MOST_COUNTED = 1_001;
