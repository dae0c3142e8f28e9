/**
 * Tells Parley who your users are and what they do. The calls, their checks and the words of their errors are those of the npm
 * package `outbound` 1.3.0, so that one can stand for the other; what is new is that a call is kept until it is answered.
 */
import { ABOUT, moreOf } from './about.ts';
import { Line, type OutboundError } from './line.ts';
import type { OutboundStorage } from './shelf.ts';

export type { OutboundError } from './line.ts';
export type { OutboundStorage } from './shelf.ts';

/** A user's id in your own system. 1 and "1" are one user. */
export type UserId = string | number;

/** What is known of a user. Every field may also be spelled with underscores, as it is on the wire. */
export type UserInfo = {
  firstName?: string;
  lastName?: string;
  email?: string;
  phoneNumber?: string;
  /** A name of the tz database, such as Europe/Amsterdam. */
  timezone?: string;
  groupId?: string | number;
  groupAttributes?: Record<string, unknown>;
  previousId?: string | number;
  apnsTokens?: string | readonly string[];
  gcmTokens?: string | readonly string[];
  fcmTokens?: string | readonly string[];
  /** Whatever else there is, nested as you like. */
  attributes?: Record<string, unknown>;
  first_name?: string;
  last_name?: string;
  phone_number?: string;
  group_id?: string | number;
  group_attributes?: Record<string, unknown>;
  previous_id?: string | number;
  apns?: string | readonly string[];
  gcm?: string | readonly string[];
  fcm?: string | readonly string[];
};

/** An event of `trackBatch`, as it is on the wire. */
export type BatchedEvent = {
  user_id: UserId;
  event: string;
  properties?: Record<string, unknown>;
  /** Unix seconds; when the call is made where it is absent. */
  timestamp?: number;
  /** An id of yours: an event is kept once under it. */
  message_id?: string;
};

/** How an instance is set up. */
export type OutboundOptions = {
  /** Where Parley is, such as `https://parley.example`. Without it: where the script came from, or OUTBOUND_URL. */
  url?: string;
  /** Where calls are kept until they are answered: `localStorage` in browsers; pass AsyncStorage in React Native, null for nowhere. */
  storage?: OutboundStorage | null;
  /** How long a call is tried for: seven days where it is kept, a minute where it is only in memory. */
  giveUpMs?: number;
  fetch?: typeof fetch;
};

/** Called with no parameters. */
export type SuccessCallback = () => void;
/** Called with one. */
export type ErrorCallback = (error: OutboundError) => void;

/** What follows a call: a promise with the same methods. */
export type Following<T> = Promise<T> & Omit<Call, keyof Promise<void>>;

/**
 * What a call answers: a promise, with the further methods of the promises (D.js) that the first library had. As with those, an
 * error that nobody listens to is nobody's concern: it never ends a process.
 */
export class Call extends Promise<void> {
  private ended = 0;
  override then<A = void, B = never>(
    success?: ((value: void) => A | PromiseLike<A>) | null,
    error?: ((reason: OutboundError) => B | PromiseLike<B>) | null,
  ): Following<A | B> {
    return watched(super.then(success, error) as unknown as Call) as unknown as Following<A | B>;
  }
  success(heard: SuccessCallback, failed?: ErrorCallback): Following<void> {
    return this.then(() => heard(), failed);
  }
  /** As `success`: what is kept has no parameters to be taken apart. */
  apply(heard: SuccessCallback, failed?: ErrorCallback): Following<void> {
    return this.success(heard, failed);
  }
  spread(heard: SuccessCallback, failed?: ErrorCallback): Following<void> {
    return this.success(heard, failed);
  }
  error(heard: ErrorCallback): Following<void> {
    return this.then(undefined, heard);
  }
  otherwise(heard: ErrorCallback): Following<void> {
    return this.error(heard);
  }
  ensure(heard: () => void) {
    void this.success(heard, heard);
    return this;
  }
  nodify(heard: (error?: OutboundError) => void) {
    return this.success(heard, heard);
  }
  /** Goes on failing after `heard`; without it, the error is thrown where nobody catches it. */
  rethrow(heard?: ErrorCallback) {
    return this.error((error) => {
      const fail = () => {
        throw error;
      };
      if (heard) heard(error);
      else setTimeout(fail);
      fail();
    });
  }
  /** -1 when it failed, 1 when it went well, 0 before that. */
  getStatus() {
    return this.ended;
  }
  isPending() {
    return !this.ended;
  }
}

/** A call about a device of a user. */
export type AboutToken = (userId: UserId, token: string, ...rest: unknown[]) => Call;
/** A call about a user. */
export type AboutUser = (userId: UserId, ...rest: unknown[]) => Call;
/** A call about a user and campaigns. */
export type AboutCampaigns = (userId: UserId, campaignIds: readonly string[], ...rest: unknown[]) => Call;

/** Follows how it ends, and hears its error, so that one whom nobody else hears ends no process. */
const watched = (call: Call): Call => {
  void Promise.prototype.then.call(
    call,
    () => ((call as unknown as Ending).ended = 1),
    () => ((call as unknown as Ending).ended = -1),
  );
  return call;
};
type Ending = { ended: number };
const VERSION = '2.0.0';
const WEEK_MS = 604_800_000;
const page = globalThis as unknown as Page;
/** The script's own address, where there is one: read while it runs for the first time. */
const scriptUrl = page.document?.currentScript?.src;

/** The library. */
export class Outbound {
  private readonly line: Line;

  /** `apiKey`: the public one in browsers and apps, the private one on servers. */
  constructor(apiKey: string, options: OutboundOptions = {}) {
    const { process } = page;
    const { storage = pageStorage() } = options;
    const url = options.url ?? process?.env?.['OUTBOUND_URL'] ?? (scriptUrl && new URL(scriptUrl).origin);
    if (!url) throw new TypeError('Say the url of Parley.');
    this.line = new Line({
      key: apiKey,
      url: url.replace(/\/+$/, ''),
      client: `Javascript${process?.versions?.node ? '-Node' : ''}/${VERSION}`,
      storage,
      fetch: options.fetch ?? ((input, init) => fetch(input, init)),
      giveUpMs: options.giveUpMs ?? (storage ? WEEK_MS : 60_000),
    });
  }

  /** Tells who a user is. `attributes` may also stand by themselves, as in version 0.2. */
  identify(userId: UserId, info?: UserInfo | null, ...rest: unknown[]): Call {
    const attributes = isObject(rest[0]) && { attributes: rest[0] };
    return this.send([info, ...rest], userIdError(userId), '/identify', () => ({
      user_id: userId,
      // What is no object has none of the fields.
      ...userObject({ ...info, ...attributes }),
    }));
  }

  /** Joins what was known under an old id to a user. */
  alias(userId: UserId, previousId: UserId, ...rest: unknown[]): Call {
    return this.send(rest, userIdError(userId) ?? userIdError(previousId, 'previous'), '/identify', () => ({
      user_id: userId,
      previous_id: previousId,
    }));
  }

  /** Tells what a user did. `timestamp` in unix seconds or as a Date; now when absent, and refused when it is no time. */
  track(
    userId: UserId,
    event: string,
    properties?: Record<string, unknown> | null,
    timestamp?: number | Date | null,
    ...rest: unknown[]
  ): Call {
    return this.send(
      [properties, timestamp, ...rest],
      userIdError(userId) ?? typeError('event', event) ?? timeError(timestamp),
      '/track',
      () => ({ user_id: userId, ...eventObject(event, properties, timestamp) }),
    );
  }

  /** Tells what users did, at most a hundred things. */
  trackBatch(events: readonly BatchedEvent[], ...rest: unknown[]): Call {
    const wrong = !Array.isArray(events)
      ? invalid('events array', 'array', events)
      : events.length > 100
        ? `Events array can not contain more than 100 events. Got ${events.length}`
        : (events as readonly (BatchedEvent | null)[])
            .map(
              (event) =>
                userIdError(event?.user_id) ??
                typeError('event', event?.event) ??
                timeError(event?.timestamp),
            )
            .find(Boolean);
    return this.send(rest, wrong, '/track/batch', () => events);
  }

  declare registerApnsToken: AboutToken;
  declare registerGcmToken: AboutToken;
  declare registerFcmToken: AboutToken;
  declare disableApnsToken: AboutToken;
  declare disableGcmToken: AboutToken;
  declare disableFcmToken: AboutToken;
  declare disableAllApnsTokens: AboutUser;
  declare disableAllGcmTokens: AboutUser;
  declare disableAllFcmTokens: AboutUser;
  /** No marketing any more, whatever the channel. */
  declare unsubscribeAll: AboutUser;
  declare subscribeAll: AboutUser;
  declare unsubscribeCampaigns: AboutCampaigns;
  declare subscribeCampaigns: AboutCampaigns;

  /** A call of the API that has no method here: `path` is what follows `/v2`. */
  post(path: string, body: unknown, ...rest: unknown[]): Call {
    return this.send(rest, undefined, path, () => body);
  }

  /** Resolves when every call was answered or given up. */
  flush(): Promise<void> {
    return this.line.flush();
  }

  static {
    for (const [method, [path, field]] of ABOUT)
      (this.prototype as unknown as Record<string, unknown>)[method] = function (
        this: Outbound,
        userId: UserId,
        ...args: unknown[]
      ): Call {
        const [given] = args;
        let wrong = userIdError(userId);
        if (field === 'token') wrong ??= typeError(field, given);
        if (field === 'campaign_ids' && !(Array.isArray(given) && given.length))
          wrong ??= 'At least one campaign ID required.';
        return this.send(args, wrong, path, () => ({ user_id: userId, ...moreOf(field, given) }));
      };
  }

  /** The call, or why there is none. Functions among the arguments, wherever they stand, are told of success and of an error. */
  private send(args: readonly unknown[], wrong: string | undefined, path: string, body: () => unknown): Call {
    const [done, failed] = args.filter((one) => typeof one === 'function') as [
      SuccessCallback?,
      ErrorCallback?,
    ];
    const call = watched(
      new Call((resolve, reject) => {
        if (wrong !== undefined) return reject({ receivedCall: false, message: wrong });
        try {
          this.line.enqueue(path, body(), (error) => (error ? reject(error) : resolve()));
        } catch (error) {
          // What cannot be said in JSON: a circle, a BigInt.
          reject({ receivedCall: false, message: String(error) });
        }
      }),
    );
    void call.then(done && (() => done()), failed);
    return call;
  }
}

/** The same by the name that the first library has in a page. */
export { Outbound as outbound };
export default Outbound;

/** An event as it is on the wire, without whose it is. */
export function eventObject(event: string, properties: unknown, timestamp: unknown) {
  return {
    event,
    properties: isObject(properties) ? properties : {},
    // A callback in its place is nothing in JSON, and without one it is now, which the line says.
    timestamp: timestamp instanceof Date ? +timestamp / 1000 : timestamp,
  };
}

const FIELDS =
  'firstName lastName email phoneNumber timezone groupId groupAttributes previousId attributes apnsTokens gcmTokens fcmTokens'.split(
    ' ',
  );

/** A user as it is on the wire, without the id. */
export function userObject(given: Record<string, unknown>): Record<string, unknown> {
  const user: Record<string, unknown> = {};
  for (const name of FIELDS) {
    const wire = name.replace(/Tokens|[A-Z]/, (part) => (part[1] ? '' : `_${part.toLowerCase()}`));
    const value = given[name] ?? given[wire];
    // What is undefined is left out where it becomes JSON. A token is a list of one.
    user[wire] = value && /T/.test(name) ? [value].flat() : value;
  }
  return user;
}

function userIdError(id: unknown, which = 'user'): string | undefined {
  // Of all types only these two have an r.
  return /r/.test(typeof id) ? undefined : invalid(`${which} ID`, 'string or number', id);
}

function typeError(what: string, value: unknown): string | undefined {
  return typeof value === 'string' ? undefined : invalid(what, 'string', value);
}

function invalid(what: string, expected: string, value: unknown): string {
  return `Invalid ${what}. Expected ${expected}, got ${typeof value}`;
}

/**
 * What is no time (NaN, a Date of nothing) would be nothing in JSON, and so be now. Text and what else can be said is the server's to read;
 * a function is no timestamp.
 */
export function timeError(time: unknown): string | undefined {
  return /^[sfub]/.test(typeof time) || (time as number) * 0 === 0
    ? undefined
    : 'Invalid timestamp. Expected number or Date';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

type Page = {
  process?: { versions?: { node?: string }; env?: Record<string, string | undefined> };
  document?: { currentScript?: { src?: string } | null };
  localStorage?: OutboundStorage;
};

/** Storage that may not be looked at is as good as none. Node has one of its own, for which it warns. */
function pageStorage(): OutboundStorage | undefined {
  try {
    return page.document && page.localStorage;
  } catch {
    return undefined;
  }
}
