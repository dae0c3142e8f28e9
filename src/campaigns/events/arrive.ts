/**
 * The way in for what contacts do and for what is learnt about them. Accepted means committed: when a call resolves, contacts and
 * arrivals are written; a lane's owner takes them from there within milliseconds. Calls that come at the same time go into one
 * transaction (`db/gather.ts`).
 *
 * For a door:
 *
 * - Make one `createArrivals({ …, names })` for the process, as `gatherReceipts` is. Do not call it inside a transaction.
 * - `arrive(workspaceId, [{ person, event }, …])` takes all of a request or nothing: a fault names the entry by its index
 *   (`[3].event: …`), or without an index when only one was given.
 * - `person.identities`: the first that is owned decides who it is; nobody's are claimed. `{ kind: 'external', value: user_id }`
 *   (a number as its text: 1 and "1" are one), `{ kind: 'anonymous', value: anon_id }`. Addresses are normalised and checked by the
 *   door (`content/phone.ts`, `content/address.ts`); an address that is another contact's stays there (`conflictsWith`). Tokens and
 *   addresses are `destinations`; a profile is checked by `checkContactChange`. Making one contact of two (alias) is `people/`'s,
 *   before or after this.
 * - Without `event` it is an identify: the profile is merged, and campaigns look at what changed.
 * - `event.key`: the caller's id of this event, any text: `message_id`, or an idempotency key with the index in the batch. A repeat
 *   within seven days is dropped when it is taken, whatever its time says. Without a key every call is an event of its own. Old iOS
 *   clients (`ios/…`) send a new id per attempt: give no key but `sameAsContent: true`.
 * - `once`: a name of the whole of it, by which it is known when it is told again within seven days. Then nothing of it is done, and who it
 *   was is not answered (`undefined`). Needed where it tells of a person what may be told otherwise since.
 * - `event.timestamp`, `event.sentAt`: as the client sent them, seconds or milliseconds (`time.ts`).
 * - `event.history: true` (a backfill): counted and kept, triggers nothing.
 */
import type { Directory } from '../../accounts/directory.ts';
import { giveBack, takeEach } from '../../accounts/toldOnce.ts';
import { workspaceNowMs } from '../../accounts/workspaces.ts';
import type { Clock } from '../../base/clock.ts';
import { hash53 } from '../../base/crypto.ts';
import { breaks, fault, type Fault } from '../../base/fault.ts';
import { gather } from '../../db/gather.ts';
import { bucketOf, type IdSource } from '../../base/ids.ts';
import { hasSigns, storable, storableJson } from '../../base/storable.ts';
import { checkAttributes } from '../../contacts/profile.ts';
import type { WantedPerson } from '../../contacts/wanted.ts';
import { upsertContacts, type Upserted } from '../../contacts/upsert.ts';
import type { Queue } from '../../queue/queue.ts';
import { noRoomFor, OWN_EVENTS, type NamedBy, type Names } from './names.ts';
import { ARRIVAL, insertArrivals, type ArrivalRow } from './sql.ts';
import { EVENT_LIMITS, FLAG, timeOfEvent } from './time.ts';

/** Something a contact did, as a client told it. */
export type TrackedEvent = {
  name: string;
  properties?: Record<string, unknown> | undefined;
  timestamp?: number | undefined;
  sentAt?: number | undefined;
  key?: string | undefined;
  /** Name, time and properties are its key. */
  sameAsContent?: boolean | undefined;
  history?: boolean | undefined;
};

/** Somebody, and what they did if they did something; and by what it is known when it is told again. */
export type TrackedPerson = {
  person: Omit<WantedPerson, 'workspaceId'>;
  event?: TrackedEvent | undefined;
  once?: string | undefined;
};

/** Who it was, and why the event that was told of them was not kept: its name is a new one too many. */
export type Arrived = Upserted & { notKept?: string };

/**
 * Takes what was told; resolves when it is committed, with who it was, in order; undefined of what was told before. `by`: who named the events;
 * `placeOf`: what stands before the name of a field of the nth, its place in the list where there are several.
 */
export type Arrive = {
  (
    workspaceId: number,
    told: readonly (TrackedPerson & { once?: undefined })[],
    by?: NamedBy,
    placeOf?: PlaceOf,
  ): Promise<Arrived[] | Fault>;
  (
    workspaceId: number,
    told: readonly TrackedPerson[],
    by?: NamedBy,
    placeOf?: PlaceOf,
  ): Promise<(Arrived | undefined)[] | Fault>;
};

type PlaceOf = (n: number) => string;

/** What arriving needs. */
type ArriveDeps = {
  names: Names;
  queue: Queue;
  ids: IdSource;
  clock: Clock;
  directory: Directory;
};

/** Entries in one transaction, at most. */
const MOST_TOGETHER = 500;
/** Entries in one call. */
const MOST_IN_CALL = 1_000;

type Checked = {
  person: WantedPerson;
  arrival: Omit<ArrivalRow, 'id' | 'lane' | 'contactId'>;
  once: string | undefined;
};

/** The way in, for this process. */
export function createArrivals(deps: ArriveDeps): Arrive {
  const take = gather<readonly Checked[], (Upserted | undefined)[]>(
    (workspaceId, calls) => write(deps, workspaceId, calls),
    together,
  );
  const arrive: AnyArrive = async (workspaceId, told, by = 'us', placeOf = placesIn(told)) => {
    const broken = firstFault(told, placeOf);
    if (broken) return broken;
    if (!told.length) return [];
    const workspace = await deps.directory.workspace(workspaceId);
    if (!workspace) return fault('not_found', 'there is no such workspace');
    const names = told.map(({ event }) => (event ? storable(event.name) : undefined));
    const wanted = names.filter((name) => name !== undefined);
    const ids = await deps.names(workspaceId, wanted, by);
    // Of several events those are kept whose names are known: nobody loses them for what another is called.
    const notKept = names.map((name) =>
      name === undefined || ids.has(name) ? undefined : noRoomFor(name, by),
    );
    const first = notKept.findIndex((why) => why !== undefined);
    if (first >= 0 && told.every((_, i) => notKept[i] !== undefined)) {
      const field = `${placeOf(first)}event`;
      return fault('unprocessable', `${field}: ${notKept[first]}`, { field });
    }
    const { clockAheadMs } = workspace;
    const receivedMs = workspaceNowMs(workspace, deps.clock.nowMs());
    const checked = told.map(({ person, event, once }, i) => {
      const nameId = names[i] === undefined ? undefined : ids.get(names[i]);
      const arrival =
        event && nameId !== undefined
          ? eventOf(event, nameId, { receivedMs, clockAheadMs })
          : { ...CHANGED, atMs: receivedMs };
      const flags = arrival.flags | (isUnnamed(person) ? FLAG.unnamed : 0);
      return {
        person: { ...person, workspaceId },
        arrival: { workspaceId, receivedMs, ...arrival, flags },
        // Part of what is refused was kept all the same: whoever hears of it may tell it again.
        once: notKept[i] === undefined ? once : undefined,
      };
    });
    const taken = await take(workspaceId, checked);
    return first < 0
      ? taken
      : taken.map((one, i) => (notKept[i] === undefined ? one : one && { ...one, notKept: notKept[i] }));
  };
  // What has no name is never a repeat.
  return arrive as Arrive;
}

type AnyArrive = (
  ...given: [workspaceId: number, told: readonly TrackedPerson[], by?: NamedBy, placeOf?: PlaceOf]
) => Promise<(Arrived | undefined)[] | Fault>;

const CHANGED = { kind: ARRIVAL.changed, nameId: null, key: 0, flags: 0, properties: null };

/** Whether it is told of a device: its user may not be known, or becomes known by this. */
function isUnnamed({ identities }: TrackedPerson['person']): boolean {
  return identities.some(({ kind }) => kind === 'anonymous');
}

function eventOf(event: TrackedEvent, nameId: number, at: { receivedMs: number; clockAheadMs: number }) {
  const time = timeOfEvent({ ...event, ...at });
  const properties = Object.keys(event.properties ?? {}).length ? storableJson(event.properties) : null;
  const text =
    event.key ?? (event.sameAsContent ? `${nameId}|${event.timestamp}|${properties ?? ''}` : undefined);
  const keyed = text === undefined ? 0 : FLAG.keyed;
  return {
    kind: ARRIVAL.event,
    nameId,
    atMs: time.atMs,
    // Without a key of the caller's it is its own: what it arrived under.
    key: text === undefined ? 0 : hash53(text),
    flags: time.flags | keyed | (event.history ? FLAG.history : 0),
    properties,
  };
}

/** As many calls as there are in one transaction; one that is larger goes alone. */
function together(waiting: readonly (readonly Checked[])[]): number {
  let entries = 0;
  const end = waiting.findIndex((call) => (entries += call.length) > MOST_TOGETHER);
  return end < 0 ? waiting.length : Math.max(1, end);
}

async function write(
  deps: ArriveDeps,
  workspaceId: number,
  calls: readonly (readonly Checked[])[],
): Promise<(Upserted | undefined)[][]> {
  const all = calls.flat();
  const found = await deps.queue.transact(async (tx) => {
    const names = all.map(({ once }) => once);
    const isFirst = await takeEach(tx, workspaceId, names, deps.clock.nowMs());
    const fresh = all.filter((_, i) => isFirst[i]);
    if (fresh.length === 0) return all.map(() => undefined);
    const people = await upsertContacts(
      tx,
      deps.ids,
      fresh[0]!.arrival.receivedMs,
      fresh.map(({ person }) => person),
    );
    const refused = fresh.flatMap(({ once }, i) => (once && people[i]!.attributesRefused ? [once] : []));
    await giveBack(tx, workspaceId, refused);
    const rows = fresh.map(({ arrival }, i) => {
      const { contactId } = people[i]!;
      const id = deps.ids.inOrder();
      return {
        ...arrival,
        id,
        contactId,
        lane: deps.queue.laneOf(bucketOf(contactId)),
        key: arrival.key || id,
      };
    });
    await insertArrivals(tx, rows);
    deps.queue.turn(tx, new Set(rows.map(({ lane }) => lane)));
    const inOrder = people.values();
    return isFirst.map((first) => (first ? inOrder.next().value : undefined));
  });
  let from = 0;
  return calls.map((call) => found.slice(from, (from += call.length)));
}

/** Where the entries of a list stand in it. */
function placesIn(list: readonly unknown[]): PlaceOf {
  return (n) => (list.length > 1 ? `[${n}].` : '');
}

function firstFault(told: readonly TrackedPerson[], placeOf: PlaceOf): Fault | undefined {
  if (told.length > MOST_IN_CALL) return fault('bad_request', `at most ${MOST_IN_CALL} entries in one call`);
  for (const [i, one] of told.entries()) {
    const broken = faultOfTold(one, placeOf(i));
    if (broken) return broken;
  }
  return undefined;
}

/** The first rule that one breaks; `at` stands before the names of its fields. Pure. */
export function faultOfTold({ person, event }: TrackedPerson, at: string): Fault | undefined {
  if (!person.identities.length) return breaks(`${at}user_id`, 'is required');
  if (!event) return undefined;
  const path = `${at}event`;
  if (!hasSigns(event.name, 1, EVENT_LIMITS.name))
    return breaks(path, `needs 1 to ${EVENT_LIMITS.name} characters`);
  if ((OWN_EVENTS as readonly string[]).includes(event.name))
    return breaks(path, `is what Parley itself tells: ${OWN_EVENTS.join(', ')} cannot be tracked`);
  const odd = checkAttributes(event.properties ?? {}, `${at}properties`, EVENT_LIMITS.propertiesBytes);
  if (odd) return odd;
  for (const field of ['timestamp', 'sentAt'] as const)
    if (event[field] !== undefined && !Number.isFinite(event[field]))
      return breaks(`${at}${field}`, 'must be a time in unix seconds or milliseconds');
  return undefined;
}
