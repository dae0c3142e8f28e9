/** What a route of this door is: data, so that one place authorises, reads and answers for all of them, and tests can walk them. */
import { Type } from 'typebox';
import type { Answer } from '../../accounts/idempotency.ts';
import { routesOf, type Call as CallOf, type Route as RouteOf } from '../kit/route.ts';

/** Who calls: a server of the business by its private key, or a browser or app by the public one. */
export type Caller = { scope: 'private' | 'public'; workspaceId: number };

/** What the headers of a call say besides whose it is (api/outbound.md §A.1). */
export type Headers = {
  /** `X-Outbound-Client`: name and version. */
  client: string;
  /** `X-Outbound-GUID`, or an Idempotency-Key: what a call that is made again is known by. */
  guid: string | undefined;
};

/** This door's kind of route. */
export type OutboundKind = {
  caller: Caller;
  query: Headers;
  more: {
    /** Takes a list of such bodies instead of one. */
    list?: boolean;
  };
};

/** A request that was authorised and read. */
export type Call<B = undefined> = CallOf<OutboundKind, B>;
/** A route of this door. */
export type Route = RouteOf<OutboundKind>;
/** A route of this door that changes something. */
export type Write = Extract<Route, { kind: 'write' }>;

/** The ways in which routes of this door are written down. */
export const { reads, keeps } = routesOf<OutboundKind>();

/** What every call is answered that went well: nothing. One client takes whatever stands in a body for an error. */
export const DONE: Answer = { status: 200, body: undefined };

/** A body whose fields are read one by one: what is wrong is said by name. */
export const Body = Type.Record(Type.String(), Type.Unknown());
