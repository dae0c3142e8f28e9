/** What a route of this door is: data, so that one place authorises, reads and answers for all of them, and tests can walk them. */
import { type Static, type TSchema, Type } from 'typebox';
import { Nothing } from '../../../contract/doors/fields.ts';
import type { Fault } from '../../base/fault.ts';
import { routesOf, type Call as CallOf, type Route as RouteOf } from '../kit/route.ts';

/** Who calls: a server of the business by its private key, or a browser or app by the public one. */
type Caller = { scope: 'private' | 'public'; workspaceId: number };

/** What the headers of a call say besides whose it is (api/outbound.md §A.1). */
type Headers = {
  /** `X-Outbound-Client`: name and version. */
  client: string;
  /** `X-Outbound-GUID`, or an Idempotency-Key: what a call that is made again is known by. */
  guid: string | undefined;
  /** The address that the call comes from. */
  from: string;
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

const written = routesOf<OutboundKind>();
/** A route of this door that changes nothing. */
export const { reads } = written;

/** What every call is answered that went well: nothing. One client takes whatever stands in a body for an error. */
export const DONE = { status: 200, body: undefined } as const;
/** The same; of a list of a phone with what was left of it. */
export type DoneForMost = typeof DONE & { leaves?: Fault };

/** A route that is told something. */
export function keeps<B extends TSchema>(
  route: Pick<Write, 'path' | 'action' | 'does' | 'bodyBytes' | 'list'> & {
    does: string;
    body: B;
    handle(call: Call<Static<B>>): Promise<DoneForMost | Fault>;
  },
): Write {
  return written.keeps({ answers: { 200: Nothing }, ...route });
}

/** A body whose fields are read one by one: what is wrong is said by name. */
export const Body = Type.Record(Type.String(), Type.Unknown());
