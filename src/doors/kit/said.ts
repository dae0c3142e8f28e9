/** What callers of one workspace say at once is said together: one request, or thirty, take the same statements. */
import type { Workspace } from '../../accounts/workspaces.ts';
import { say, type SaidTo, type Saying } from '../../outbox/say.ts';
import { join, type Done, type Joined, type Way } from './change.ts';

type Said = { workspace: Workspace; saying: Saying; answer: (said: SaidTo) => Done };

const SAYING: Way<Said> = {
  async together(ctx, tx, nowMs, items) {
    const said = await say(
      ctx,
      tx,
      { workspace: items[0]!.workspace, nowMs },
      items.map(({ saying }) => saying),
    );
    return items.map(({ answer }, at) => answer(said[at]!));
  },
};

/** The work of a request that says one thing to one person, and answers with what was accepted. */
export function says(workspace: Workspace, saying: Saying, answer: (said: SaidTo) => Done): Joined {
  return join(SAYING, { workspace, saying, answer });
}
