/** Settings that change while messages are on their way, and the caps that hold all the same. */
import { updateWorkspace } from '../../src/accounts/workspaces.ts';
import type { Run } from '../run.ts';
import { must } from '../world.ts';
import type { RoomPlay } from './room.ts';

export const workspaces: RoomPlay = {
  name: 'workspaces',
  steps: [
    {
      what: 'quiet hours',
      weight: 1,
      draw: (draws) => ({ quietHours: draws.happens('none', 0.3) ? null : { from: '20:00', to: '07:30' } }),
    },
  ],
  async perform(run, step) {
    const { ctx } = run.door();
    const { id } = run.places.busy;
    must(await updateWorkspace(ctx.sql, { id, settings: { quietHours: step['quietHours'] } }));
    ctx.directory.forget(id);
  },
  check: overCap,
};

/** In no stretch of the cap's time did somebody get more marketing messages than it allows. */
async function overCap({ look, places, books }: Run): Promise<string[]> {
  const [workspace] = await look<{ settings: { frequencyCap?: { most: number; perHours: number } } }[]>`
    SELECT settings FROM workspaces WHERE id = ${places.busy.id}`;
  const cap = workspace!.settings.frequencyCap;
  if (!cap) return [];
  const rows = await look<{ ref_cause: number; contact_id: number; seq: number; address: string | null }[]>`
    SELECT cause_id ref_cause, contact_id, seq, address FROM deliveries
    WHERE workspace_id = ${places.busy.id} AND class = 2`;
  const marketing = new Set(
    rows.map(({ ref_cause, contact_id, seq }) => [ref_cause, contact_id, seq].map((n) => n.toString(36)).join('.')),
  );
  const byAddress = Map.groupBy(
    books.taken.filter(({ ref }) => marketing.has(ref)),
    ({ to }) => to,
  );
  const windowMs = cap.perHours * 3600_000;
  return [...byAddress].flatMap(([to, taken]) => {
    const causes = [...new Map(taken.map((one) => [one.ref.split('.')[0], one.atMs])).values()].toSorted(
      (a, b) => a - b,
    );
    return causes.some((atMs, i) => (causes[i + cap.most] ?? Infinity) - atMs < windowMs - 60_000)
      ? [`${to} got more than ${cap.most} in ${cap.perHours} h`]
      : [];
  });
}
