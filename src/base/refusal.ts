/** Why a start is refused, in words for whoever administers the install: which setting is wrong, and the way out. */

/** Thrown by what starts; the command prints its text without a stack. */
export class StartRefusal extends Error {
  override readonly name = 'StartRefusal';
}
