/**
 * What an event of the live channel changes of what a page has fetched: pure functions, one for each kind of thing that is kept. Applying
 * one gives what fetching again would have given, so a list never has to be fetched because something in it moved.
 */
import type {
  ConversationPage,
  ConversationShown,
  ConversationWhole,
  ThreadEntry,
  ThreadPage,
} from '../../../contract/doors/console/inbox.ts';
import { dayEndsMs } from '../../shared/days.ts';
import {
  compareIn,
  isIn,
  PRIORITIES,
  type Priority,
  type Sort,
  type Standing,
  type View,
} from '../../../contract/inboxViews.ts';

/** Which list it is, and whose. Times are by the workspace's clock. */
export type ListOf = {
  view: View;
  me: string;
  /** The teams that one is in. */
  teams: readonly string[];
  nowMs: number;
  filter: Narrowed;
};

/** What narrows a list, and how it is sorted where it is not as usual. */
export type Narrowed = {
  q?: string;
  channel?: string;
  assignee?: string;
  team?: string;
  tag?: string;
  priority?: Priority;
  unread?: boolean;
  day?: string;
  sort?: Sort;
};

/** Where a conversation stands, of what is shown of it. */
export function standingOf(shown: ConversationShown): Standing {
  const { contact, closed, snoozedUntil, assignee, team, priority, lastAt, waitingSince } = shown;
  return {
    contactId: contact.id,
    closed,
    snoozedUntilMs: snoozedUntil === null ? null : Date.parse(snoozedUntil),
    assigneeId: assignee?.id ?? null,
    teamId: team?.id ?? null,
    priority: PRIORITIES.indexOf(priority),
    lastMs: Date.parse(lastAt),
    waitingMs: waitingSince === null ? null : Date.parse(waitingSince),
  };
}

/** A view with a conversation as it stands now: moved, put in or taken out. What would stand beyond the last page is not put in. */
export function applyToList(
  pages: readonly ConversationPage[],
  list: ListOf,
  shown: ConversationShown,
): ConversationPage[] {
  const { view, me, teams, nowMs, filter } = list;
  // What a search finds, and who has a tag, is not known here; what was found stays where it is.
  if (filter.q || filter.tag) return pages.map((page) => (has(page, shown) ? replaced(page, shown) : page));
  // A page that it neither leaves nor comes into stays the same object: however much was loaded, no more than two are looked into again.
  const rest = pages.map((page) => (has(page, shown) ? without(page, shown) : page));
  const fits =
    isIn(view, standingOf(shown), me, teams, nowMs) &&
    (filter.channel === undefined || shown.channel === filter.channel) &&
    (filter.assignee === undefined || shown.assignee?.id === filter.assignee) &&
    (filter.team === undefined || shown.team?.id === filter.team) &&
    (filter.priority === undefined || shown.priority === filter.priority) &&
    (!filter.unread || shown.unread) &&
    (filter.day === undefined || Date.parse(shown.lastAt) < dayEndsMs(filter.day));
  if (!fits) return rest;
  const comesBefore = (other: ConversationShown) =>
    compareIn(view, standingOf(shown), standingOf(other), filter.sort) < 0;
  const put = (at: number, place: number) => {
    const page = rest[at]!;
    rest[at] = { ...page, conversations: page.conversations.toSpliced(place, 0, shown) };
    return rest;
  };
  for (const [at, { conversations }] of rest.entries()) {
    const place = conversations.findIndex(comesBefore);
    if (place >= 0) return put(at, place);
  }
  const last = rest.at(-1);
  return last && last.next === null ? put(rest.length - 1, last.conversations.length) : rest;
}

/** A view without a conversation that is in the inbox no more. */
export function takeFromList(pages: readonly ConversationPage[], id: string): ConversationPage[] {
  return pages.map((page) => (has(page, { id }) ? without(page, { id }) : page));
}

/** A view without the conversation of somebody who is gone. */
export function takePersonFromList(
  pages: readonly ConversationPage[],
  contactId: string,
): ConversationPage[] {
  const theirs = pages
    .flatMap(({ conversations }) => conversations)
    .find(({ contact }) => contact.id === contactId);
  return theirs ? takeFromList(pages, theirs.id) : [...pages];
}

function has({ conversations }: ConversationPage, { id }: Pick<ConversationShown, 'id'>): boolean {
  return conversations.some((one) => one.id === id);
}

function without(page: ConversationPage, { id }: Pick<ConversationShown, 'id'>): ConversationPage {
  return { ...page, conversations: page.conversations.filter((one) => one.id !== id) };
}

function replaced(page: ConversationPage, shown: ConversationShown): ConversationPage {
  return { ...page, conversations: page.conversations.map((one) => (one.id === shown.id ? shown : one)) };
}

/** A conversation with how it stands now; what is beside it stays. */
export function applyToConversation(whole: ConversationWhole, shown: ConversationShown): ConversationWhole {
  return whole.id === shown.id ? { ...whole, ...shown } : whole;
}

/** A conversation's pages (the newest first) with an entry that is new, or has changed. One that is older than all of them is not put in. */
export function applyToThread(pages: readonly ThreadPage[], entry: ThreadEntry): ThreadPage[] {
  const has = ({ entries }: ThreadPage) => entries.some((one) => isSame(one, entry));
  if (pages.some(has))
    return pages.map((page) =>
      has(page) ? { ...page, entries: page.entries.map((one) => (isSame(one, entry) ? entry : one)) } : page,
    );
  // From the newest page on: the first that begins before it is the one it belongs to.
  const at = pages.findIndex(
    ({ entries, before }) => before === null || (entries[0] && comparePlaces(entries[0], entry) < 0),
  );
  return pages.map((page, n) => {
    if (n !== at) return page;
    const place = page.entries.findLastIndex((one) => comparePlaces(one, entry) < 0);
    return { ...page, entries: page.entries.toSpliced(place + 1, 0, entry) };
  });
}

/** A conversation's pages without a message that is not kept any more. */
export function takeFromThread(pages: readonly ThreadPage[], messageId: string): ThreadPage[] {
  const isIt = ({ type, id }: ThreadEntry) => type === 'message' && id === messageId;
  return pages.map((page) =>
    page.entries.some(isIt) ? { ...page, entries: page.entries.filter((one) => !isIt(one)) } : page,
  );
}

function isSame(a: ThreadEntry, b: ThreadEntry): boolean {
  return a.id === b.id && a.type === b.type;
}

function comparePlaces(a: ThreadEntry, b: ThreadEntry): number {
  return a.at === b.at ? (a.id < b.id ? -1 : a.id > b.id ? 1 : 0) : a.at < b.at ? -1 : 1;
}
