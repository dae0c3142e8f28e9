/** What a route of this door is: data, so that one place authorises, reads and answers for all of them, and tests can walk them. */
import type { TSchema } from 'typebox';
import { routesOf, type Call as CallOf, type Route as RouteOf } from '../kit/route.ts';

/** Who calls: a company, by a key of its workspace. */
type Caller = { keyId: string; workspaceId: number };

/** What a call says besides its body. */
export type Asked = {
  query: Readonly<Record<string, string>>;
  /** `X-Shout-Connect-ID`, as it was given. */
  connectId: string | undefined;
  /** `X-Shout-User-Id`, as it was given. */
  userId: string | undefined;
  /** `X-Fail-Creation-On-Duplicate-Reference-Id`, as it was given. */
  failsOnDuplicate: string | undefined;
};

/** This door's kind of route. */
export type ShoutKind = {
  caller: Caller;
  query: Asked;
  more: {
    /** What the query may hold; other names are refused. */
    query?: Readonly<Record<string, TSchema>>;
  };
};

/** A request that was authorised and read. */
export type Call<B = undefined> = CallOf<ShoutKind, B>;
/** A route of this door. */
export type Route = RouteOf<ShoutKind>;
/** The ways in which routes of this door are written down. */
export const { reads, writes, acts } = routesOf<ShoutKind>();
