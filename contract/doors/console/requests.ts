/** `GET …/requests`: the last requests by keys of a workspace. */
import { type Static, Type } from 'typebox';
import { orNull, Time } from '../fields.ts';
import { pageOf } from './fields.ts';

/** One request. */
export const RequestShown = Type.Object({
  /** `x-request-id` of the answer. */
  requestId: Type.String(),
  at: Time,
  door: Type.String(),
  keyId: Type.String(),
  method: Type.String(),
  /** The route: `:name` stands where the path had an id. */
  route: Type.String(),
  status: Type.Integer(),
  durationMs: Type.Integer({ minimum: 0 }),
  /** What was answered when it did not go well; addresses in it are left out. */
  fault: orNull(
    Type.Object({ code: Type.String(), message: Type.String(), field: Type.Optional(Type.String()) }),
  ),
});
export type RequestShown = Static<typeof RequestShown>;
/** A page, the newest first. */
export const RequestsShown = pageOf('requests', RequestShown);
export type RequestsShown = Static<typeof RequestsShown>;
/** An answer's status, or all that begin so. */
export const RequestsStatus = Type.String({
  pattern: '^[1-5](?:[0-9]{2}|xx)$',
  rule: 'must be a status such as 404, or 4xx for all that begin so',
});
/** `next` of a page. */
export const RequestsCursor = Type.String({
  pattern: '^[0-9]{1,16}[.][A-Za-z0-9_-]{1,40}$',
  rule: 'must be `next` of the page before',
});
