/**
 * People who are erased while a file with them in it waits or is being read: what is kept is a proof of each thing they were known by, with
 * the import, and no row that names one of those is written. A file that is uploaded after they were erased brings them back, since somebody
 * told us of them anew; so the proofs go with the import.
 */
import type { Db, Tx } from '../../db/pool.ts';
import { proofOf } from '../consent/proof.ts';
import type { Identity } from '../keys.ts';
import { insertErased, lockOpenImports, selectErased } from './sql.ts';
import { selectIdentities } from '../sql.ts';
import type { WantedPerson } from '../wanted.ts';

/**
 * Keeps people out of the imports of their workspace that are not over. Locks those: a part that is being written is waited for, and finds
 * its people before they go; the next one is told of them. Before contacts are locked, as a part locks its import first.
 */
export async function keepOutOfImports(
  tx: Tx,
  { workspaceId, contactIds }: { workspaceId: number; contactIds: readonly number[] },
): Promise<void> {
  const importIds = await lockOpenImports(tx, workspaceId);
  if (importIds.length === 0) return;
  const known = await selectIdentities(tx, workspaceId, contactIds);
  await insertErased(
    tx,
    importIds,
    known.map((one) => proofIn(tx, workspaceId, one)),
  );
}

/** Says who may not come back by an import; undefined where that is nobody. */
export async function erasedOf(
  db: Db,
  { id, workspaceId }: { id: number; workspaceId: number },
): Promise<((person: WantedPerson) => boolean) | undefined> {
  const proofs = new Set(await selectErased(db, id));
  if (proofs.size === 0) return undefined;
  return ({ identities }) => identities.some((one) => proofs.has(proofIn(db, workspaceId, one)));
}

function proofIn(db: Db, workspaceId: number, { kind, value }: Identity): string {
  return proofOf(db, workspaceId, kind, value.toLowerCase());
}
