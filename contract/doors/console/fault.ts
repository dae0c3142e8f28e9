/** How the console's API says that something did not go well. */
import { type Static, Type } from 'typebox';

/** `code` is of the catalogue in `contract/errors.ts`, or `internal_error`; `field` names what of the request it is about. */
export const FaultShown = Type.Object({
  error: Type.Object({
    code: Type.String(),
    message: Type.String(),
    field: Type.Optional(Type.String()),
  }),
});
export type FaultShown = Static<typeof FaultShown>;
