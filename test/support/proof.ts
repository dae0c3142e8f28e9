/** What a crash test ends with: the whole audit of a workspace, as `parley reconcile` makes it, is a proof. */
import assert from 'node:assert/strict';
import { addsUp, audit } from '../../src/reconcile/reconcile.ts';

/** Audits everything there is of a workspace, without resting; fails with the rows that break it. */
export async function assertProof(deps: Parameters<typeof audit>[0], workspaceId: number): Promise<void> {
  const clock = { ...deps.clock, after: (_ms: number, run: () => void) => deps.clock.after(0, run) };
  const scope = { workspaceId, fromCause: 0, toCause: Number.MAX_SAFE_INTEGER };
  for (let lane: number | undefined = 0; lane !== undefined; ) {
    const piece: Awaited<ReturnType<typeof audit>> = await audit({ ...deps, clock }, scope, lane);
    assert.deepEqual(piece.breaks, []);
    assert.ok(addsUp(piece.counts), JSON.stringify(piece.counts));
    lane = piece.nextLane;
  }
}
