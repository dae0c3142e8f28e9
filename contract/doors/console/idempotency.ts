/** `…/idempotency`: what was answered to requests with an Idempotency-Key. */
import { type Static, Type } from 'typebox';
import { orNull, Time } from '../fields.ts';

/** The first answers under a key, of each door and caller that used it. `body` is null where it holds a secret. */
export const KeptAnswersShown = Type.Object({
  answers: Type.Array(
    Type.Object({
      door: Type.String(),
      actor: Type.String(),
      status: Type.Number(),
      body: orNull(Type.String()),
      at: Time,
    }),
  ),
});
export type KeptAnswersShown = Static<typeof KeptAnswersShown>;
