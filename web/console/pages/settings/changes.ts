/** What was changed, in words: of an entry of the audit log, and of a workspace that somebody else has changed meanwhile. Pure. */
import type { IntegrationShown } from '../../../../contract/doors/console/integrations.ts';
import type { WorkspaceShown } from '../../../../contract/doors/console/workspaces.ts';

/** One thing that was changed: by its name, and what of it is told, with its page where it has one. */
type Told = { name: string; value: string; href?: string };

/** What a page knows of what is named by its id alone: its name, and where its page is, by the field that names it. */
export type Known = {
  nameOf: (id: string) => string | undefined;
  hrefOf: (field: string, id: string) => string | undefined;
};

const WORDS: Readonly<Record<string, string>> = {
  timeZone: 'time zone',
  channelOrder: 'order of channels',
  trackOpens: 'opens are counted',
  trackClicks: 'clicks are counted',
  scheduledAt: 'goes at',
  discardedId: 'who became this person',
  givenName: 'first name',
  surname: 'last name',
  externalId: 'external id',
  contentText: 'text',
  quietHours: 'quiet hours',
  frequencyCap: 'how often',
  webchatOffer: 'what is said with an offer of the web chat',
  askSecondFactor: 'second factor',
  keptDays: 'how long it is kept',
  ratePerS: 'how fast',
  add: 'taken in',
  assigneeId: 'assigned to',
  broadcastId: 'broadcast',
  contactId: 'person',
  integrationId: 'channel',
  memberIds: 'who is in it',
  priority: 'how pressing',
  redial: 'calling again',
  remove: 'taken out',
  snoozedUntil: 'asleep until',
  teamId: 'team',
};

/** What an entry tells, line by line: what is nested by its path, and what became something else as from what to what. */
export function changesOf(detail: object, known?: Known, path = ''): Told[] {
  const given = detail as Record<string, unknown>;
  const said = (value: unknown) => textOf(value, known?.nameOf);
  if (path !== '' && 'from' in given && 'to' in given && Object.keys(given).length === 2)
    return [{ name: wordOf(path), value: `${said(given['from'])} → ${said(given['to'])}` }];
  return Object.entries(given).flatMap(([key, value]) => {
    const name = path ? `${path}.${key}` : key;
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return changesOf(value, known, name);
    const href = typeof value === 'string' ? known?.hrefOf(key, value) : undefined;
    return [{ name: wordOf(name), value: said(value), ...(href ? { href } : {}) }];
  });
}

/** What is another in a workspace than it was a moment ago. */
export function differences(before: WorkspaceShown, now: WorkspaceShown): Told[] {
  const parts = (of: WorkspaceShown): Record<string, unknown> => ({
    name: of.name,
    country: of.country,
    timeZone: of.timeZone,
    ...of.settings,
  });
  return between(parts(before), parts(now));
}

/** What is another in a channel than it was a moment ago. */
export function channelDifferences(before: IntegrationShown, now: IntegrationShown): Told[] {
  const parts = ({ name, ratePerS, settings }: IntegrationShown) => ({
    name,
    ratePerS: ratePerS === null ? null : `${ratePerS} a second`,
    ...settings,
  });
  return between(parts(before), parts(now));
}

function between(was: Record<string, unknown>, is: Record<string, unknown>): Told[] {
  return [...new Set([...Object.keys(was), ...Object.keys(is)])]
    .map((name) => ({ name, from: textOf(was[name] ?? null), to: textOf(is[name] ?? null) }))
    .filter(({ from, to }) => from !== to)
    .map(({ name, from, to }) => ({ name: wordOf(name), value: `${from} → ${to}` }));
}

function wordOf(name: string): string {
  const bare = name.replace(/^settings\./, '');
  return WORDS[bare] ?? bare;
}

/** A value as a person reads it: what is in an object by its names, without braces, and what is known by an id by its name. */
function textOf(value: unknown, nameOf: Known['nameOf'] = () => undefined): string {
  if (value === null) return 'nothing';
  if (value === true) return 'on';
  if (value === false) return 'off';
  if (typeof value === 'string') return nameOf(value) ?? value;
  if (Array.isArray(value)) return value.map((one) => textOf(one, nameOf)).join(', ');
  if (typeof value !== 'object') return JSON.stringify(value);
  // The store keeps names in an order of its own.
  return Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, inner]) => `${name} ${textOf(inner, nameOf)}`)
    .join(', ');
}
