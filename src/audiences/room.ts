/** What this room declares. */
import { BUCKETS } from '../base/ids.ts';
import type { Sql } from '../db/pool.ts';
import type { WorkingRoom } from '../queue/room.ts';
import { deleteJobsBefore, deletePeople, deleteRows, selectOver, updateGone } from './sql.ts';
import { jobHandler, type JobDeps } from './work.ts';

/** How long it is known what was done. */
const JOBS_KEPT_MS = 90 * 86_400_000;
/** Files are cleared away so many buckets at a time. */
const BUCKETS_AT_ONCE = 256;

/** Audiences. */
export function audiencesRoom(deps: JobDeps): WorkingRoom {
  return {
    name: 'audiences',
    personal: {
      people_rows: 'deleted',
      people_jobs: 'kept: what was asked, in which contacts may be named by their ids',
    },
    parts: { people_rows: { column: 'job_id', of: 'people_jobs' } },
    exports: {
      people_rows: { not: 'a copy of what is here, for a day' },
      people_jobs: { not: 'what operators did' },
    },
    handlers: [jobHandler(deps)],
    erase: ({ tx, contactIds }) => deletePeople(tx, contactIds),
    async sweep({ sql, nowMs }) {
      await clearFiles(sql, nowMs);
      await deleteJobsBefore(sql, nowMs - JOBS_KEPT_MS);
    },
  };
}

async function clearFiles(sql: Sql, nowMs: number): Promise<void> {
  const ids = (await selectOver(sql, nowMs)).map(({ id }) => id);
  if (ids.length === 0) return;
  for (let from = 0; from < BUCKETS; from += BUCKETS_AT_ONCE) {
    const buckets = Array.from({ length: Math.min(BUCKETS_AT_ONCE, BUCKETS - from) }, (_, i) => from + i);
    await deleteRows(sql, ids, buckets);
  }
  await updateGone(sql, ids);
}
