/** In which workspaces a campaign has to hear of changes of contacts. */
import type { Db } from '../../db/pool.ts';
import { selectListening, selectLiveVersions } from './sql.live.ts';

/**
 * Finds workspaces in which a change of a contact may let somebody in or out of a live campaign, or on in one. A version stays as it was published,
 * so the file of each is read once, however often anything is published: whoever changes a contact may be waiting.
 */
export function listeningTo(db: Db): () => Promise<number[]> {
  let known: ReadonlyMap<number, boolean> = new Map();
  return async () => {
    const live = await selectLiveVersions(db);
    const unknown = live.filter(({ id }) => !known.has(id)).map(({ id }) => id);
    const listening = new Set(unknown.length ? await selectListening(db, unknown) : []);
    const before = known;
    // Only what is live is kept: what has ended is forgotten.
    known = new Map(live.map(({ id }) => [id, before.get(id) ?? listening.has(id)]));
    return live.filter(({ id }) => known.get(id)).map(({ workspaceId }) => workspaceId);
  };
}
