/**
 * Calling again: somebody who was busy or did not pick up is called once more after a while, as often as the workspace says
 * (`settings.redial`), before the message moves on to another channel. Only calls: a text waits at its provider by itself.
 */
import type { Directory } from '../../accounts/directory.ts';
import type { Tx } from '../../db/pool.ts';
import type { Queue } from '../../queue/queue.ts';
import type { DeliveryKey } from '../../ledger/ref.ts';
import { sendOnward, triedFor } from '../../ledger/onward.ts';
import type { Onward, Tried } from '../../ledger/delivery.ts';
import { outboxSettings, type RedialRule } from '../settings.ts';

/**
 * Puts calls in the queue for those that did not come about; part of the transaction in which that was written, before it is looked at
 * what moves on: what is called again may still arrive, and does not. `nowMs` is by our clock, `atMs` by the workspace's.
 */
export async function redial(
  deps: { queue: Queue; directory: Directory },
  tx: Tx,
  workspaceId: number,
  missed: readonly DeliveryKey[],
  { nowMs, atMs }: { nowMs: number; atMs: number },
): Promise<void> {
  const workspace = missed.length ? await deps.directory.workspace(workspaceId) : undefined;
  const rule = workspace && outboxSettings(workspace.settings).redial;
  if (!rule) return;
  const tried = [...(await triedFor(tx, missed))];
  const again: NextCall[] = [];
  for (const key of missed) {
    const own = tried.filter((one) => one.contactId === key.contactId && one.causeId === key.causeId);
    const next = nextCall(own, key.seq, rule, atMs);
    if (!next) continue;
    again.push(next);
    // What is made for another number of the message stands behind it.
    tried.push({ ...own.find(({ seq }) => seq === key.seq)!, seq: next.seq });
  }
  if (again.length) await sendOnward(deps.queue, tx, again, nowMs + rule.afterMs);
}

type NextCall = Onward & { stream: number };

/**
 * The next call to the number of a delivery; undefined when it was called often enough, or its time is over by then, or the next is made
 * already: a receipt that overtook the settling made it, and the settling asks again (overtaken.ts).
 */
function nextCall(
  tried: readonly Tried[],
  seq: number,
  { times, afterMs }: RedialRule,
  atMs: number,
): NextCall | undefined {
  const own = tried.find((one) => one.seq === seq);
  if (!own || own.destinationId === null || own.expiresMs === null) return undefined;
  const calls = tried.filter(({ destinationId }) => destinationId === own.destinationId);
  if (calls.at(-1)!.seq !== seq) return undefined;
  if (calls.length > times || atMs + afterMs >= own.expiresMs) return undefined;
  const why = `${own.address ?? 'the number'}: ${own.code ?? 'did not come about'}; call ${calls.length + 1} of ${times + 1}`;
  return {
    contactId: own.contactId,
    causeId: own.causeId,
    seq: tried.at(-1)!.seq + 1,
    workspaceId: own.workspaceId,
    class: own.class,
    integrationId: own.integrationId,
    destinationId: own.destinationId,
    expiresMs: own.expiresMs,
    mayFallBack: own.mayFallBack === true,
    trail: JSON.stringify([{ atMs, what: 'called again', why }]),
    atMs,
    stream: own.stream,
  };
}
