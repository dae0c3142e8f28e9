/** The proof that the product gives of itself holds for both workspaces, too: `parley reconcile`, over all that there is. */
import type { Clock } from '../../src/base/clock.ts';
import { audit } from '../../src/reconcile/reconcile.ts';
import type { Run } from '../run.ts';
import type { RoomPlay } from './room.ts';

export const reconcile: RoomPlay = {
  name: 'reconcile',
  steps: [],
  perform: async () => undefined,
  async check(run) {
    return [...(await breaksOf(run, 'busy')), ...(await breaksOf(run, 'neighbour'))];
  },
};

async function breaksOf(run: Run, name: 'busy' | 'neighbour'): Promise<string[]> {
  const nowMs = run.stage.nowMs();
  // The stage stands still meanwhile: nobody is in the way of the proof, and it need not rest.
  const clock: Clock = {
    nowMs: () => Math.floor(nowMs),
    monotonicMs: () => nowMs,
    after(_delayMs, act) {
      queueMicrotask(act);
      return () => {};
    },
  };
  const { queue } = run.door().ctx;
  const scope = { workspaceId: run.places[name].id, fromCause: 0, toCause: Number.MAX_SAFE_INTEGER };
  const { breaks } = await audit({ sql: run.look, queue, clock }, scope);
  return breaks.map(({ code, detail, ...row }) => `${name}: ${code}: ${detail} (${JSON.stringify(row)})`);
}
