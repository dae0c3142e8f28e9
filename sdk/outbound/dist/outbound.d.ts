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
export declare class Call extends Promise<void> {
    private ended;
    then<A = void, B = never>(success?: ((value: void) => A | PromiseLike<A>) | null, error?: ((reason: OutboundError) => B | PromiseLike<B>) | null): Following<A | B>;
    success(heard: SuccessCallback, failed?: ErrorCallback): Following<void>;
    /** As `success`: what is kept has no parameters to be taken apart. */
    apply(heard: SuccessCallback, failed?: ErrorCallback): Following<void>;
    spread(heard: SuccessCallback, failed?: ErrorCallback): Following<void>;
    error(heard: ErrorCallback): Following<void>;
    otherwise(heard: ErrorCallback): Following<void>;
    ensure(heard: () => void): this;
    nodify(heard: (error?: OutboundError) => void): Following<void>;
    /** Goes on failing after `heard`; without it, the error is thrown where nobody catches it. */
    rethrow(heard?: ErrorCallback): Following<void>;
    /** -1 when it failed, 1 when it went well, 0 before that. */
    getStatus(): number;
    isPending(): boolean;
}
/** A call about a device of a user. */
export type AboutToken = (userId: UserId, token: string, ...rest: unknown[]) => Call;
/** A call about a user. */
export type AboutUser = (userId: UserId, ...rest: unknown[]) => Call;
/** A call about a user and campaigns. */
export type AboutCampaigns = (userId: UserId, campaignIds: readonly string[], ...rest: unknown[]) => Call;
/** The library. */
export declare class Outbound {
    private readonly line;
    /** `apiKey`: the public one in browsers and apps, the private one on servers. */
    constructor(apiKey: string, options?: OutboundOptions);
    /** Tells who a user is. `attributes` may also stand by themselves, as in version 0.2. */
    identify(userId: UserId, info?: UserInfo | null, ...rest: unknown[]): Call;
    /** Joins what was known under an old id to a user. */
    alias(userId: UserId, previousId: UserId, ...rest: unknown[]): Call;
    /** Tells what a user did. `timestamp` in unix seconds or as a Date; now when absent, and refused when it is no time. */
    track(userId: UserId, event: string, properties?: Record<string, unknown> | null, timestamp?: number | Date | null, ...rest: unknown[]): Call;
    /** Tells what users did, at most a hundred things. */
    trackBatch(events: readonly BatchedEvent[], ...rest: unknown[]): Call;
    registerApnsToken: AboutToken;
    registerGcmToken: AboutToken;
    registerFcmToken: AboutToken;
    disableApnsToken: AboutToken;
    disableGcmToken: AboutToken;
    disableFcmToken: AboutToken;
    disableAllApnsTokens: AboutUser;
    disableAllGcmTokens: AboutUser;
    disableAllFcmTokens: AboutUser;
    /** No marketing any more, whatever the channel. */
    unsubscribeAll: AboutUser;
    subscribeAll: AboutUser;
    unsubscribeCampaigns: AboutCampaigns;
    subscribeCampaigns: AboutCampaigns;
    /** A call of the API that has no method here: `path` is what follows `/v2`. */
    post(path: string, body: unknown, ...rest: unknown[]): Call;
    /** Resolves when every call was answered or given up. */
    flush(): Promise<void>;
    /** The call, or why there is none. Functions among the arguments, wherever they stand, are told of success and of an error. */
    private send;
}
/** The same by the name that the first library has in a page. */
export { Outbound as outbound };
export default Outbound;
/** An event as it is on the wire, without whose it is. */
export declare function eventObject(event: string, properties: unknown, timestamp: unknown): {
    event: string;
    properties: Record<string, unknown>;
    timestamp: unknown;
};
/** A user as it is on the wire, without the id. */
export declare function userObject(given: Record<string, unknown>): Record<string, unknown>;
/**
 * What is no time (NaN, a Date of nothing) would be nothing in JSON, and so be now. Text and what else can be said is the server's to read;
 * a function is no timestamp.
 */
export declare function timeError(time: unknown): string | undefined;
/** What went wrong with a call. */
export type OutboundError = {
    /** Whether the server had the call and refused it; false when the call never got there. */
    receivedCall: boolean;
    message: string;
};
/** Where calls are kept: `localStorage`, React Native's `AsyncStorage`, or anything like them. */
export type OutboundStorage = {
    getItem(name: string): string | null | Promise<string | null>;
    setItem(name: string, value: string): unknown;
    removeItem(name: string): unknown;
    /** All names; without it the object's own, as `localStorage` has them. */
    getAllKeys?(): readonly string[] | Promise<readonly string[]>;
};
