/** Targets of webhooks that fail, hang and come back: an HTTP client over the stage. What a target got is in its book. */
import type { HttpClient, HttpOutcome } from '../src/base/http.ts';
import type { Draws } from './draws.ts';
import type { Player, Stage } from './stage.ts';

/** A call that a target got. */
export type Told = { url: string; webhookId: string; body: string; atMs: number; status: number };

/** An HTTP client of a player; `told` is the book of all targets. */
export function targetsFor(
  ground: { stage: Stage; draws: Draws; trouble: () => number; count: (what: string) => void },
  told: Told[],
  player: Player,
): HttpClient {
  const { stage, draws, count } = ground;
  return {
    call(request) {
      return new Promise<HttpOutcome>((resolve) => {
        const back = (afterMs: number, outcome: HttpOutcome) =>
          void stage.after(afterMs, 'a target answers', () => resolve(outcome), player);
        stage.after(draws.between('way to a target', 3, 40), 'a target is told', () => {
          const fault = draws.happens('target', 0.3 * ground.trouble())
            ? draws.one('fault of a target', ['500', 'hangs', '200, lost', '429'] as const)
            : '200';
          count(`target: ${fault}`);
          const status = fault.startsWith('200') ? 200 : fault === '500' ? 500 : fault === '429' ? 429 : 0;
          told.push({
              url: request.url,
              webhookId: request.headers?.['webhook-id'] ?? '',
              body: String(request.body),
              atMs: stage.nowMs(),
              status,
            });
          if (fault === '200, lost' || fault === 'hangs')
            return back(request.deadlineMs, { kind: 'unclear', reason: 'no answer' });
          return back(draws.between('way back from a target', 3, 60), {
            kind: 'answer',
            status,
            headers: {},
            body: Buffer.alloc(0),
          });
        });
      });
    },
    async close() {},
  };
}
