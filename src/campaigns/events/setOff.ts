/** What set off the campaign that sent a message: for whoever wants to know what a text was about. */
import type { Tx } from '../../db/pool.ts';
import { selectLiveOfKey, selectStamp } from '../enrol/sql.live.ts';
import { selectSetOff } from './sql.told.ts';
import { asTheyAre } from './whose.ts';

/** A message, by whom it was for. */
type SentTo = { workspaceId: number; contactId: number; messageId: number };

/** Properties of what set off the campaigns of one key, by those of some messages that they sent. */
type WhatSetOff = (
  tx: Tx,
  sent: readonly SentTo[],
) => Promise<(SentTo & { properties: Record<string, unknown> })[]>;

/** Asks for campaigns of one key. Costs a look at one row where no workspace has a live one. */
export function whatSetOff(campaignKey: string): WhatSetOff {
  let stamp = -1;
  const isLive = new Map<number, boolean>();
  return async (tx, sent) => {
    const now = await selectStamp(tx);
    if (now !== stamp) isLive.clear();
    stamp = now;
    const unknown = [...new Set(sent.map(({ workspaceId }) => workspaceId))].filter((id) => !isLive.has(id));
    const living = unknown.length ? await selectLiveOfKey(tx, unknown, campaignKey) : [];
    // Another transaction may have found meanwhile that this is out of date.
    if (stamp === now) for (const id of unknown) isLive.set(id, living.includes(id));
    const concerned = sent.filter(
      ({ workspaceId }) => isLive.get(workspaceId) === true || living.includes(workspaceId),
    );
    if (!concerned.length) return [];
    const found = await asTheyAre(tx, concerned, async (some) => {
      const rows = await selectSetOff(tx, some, campaignKey);
      const byMessage = new Map(rows.map((row) => [`${row.contactId}.${row.messageId}`, row.properties]));
      return some.map((one) => byMessage.get(`${one.contactId}.${one.messageId}`) ?? undefined);
    });
    return found.map(({ one, found: properties }) => ({ ...one, properties }));
  };
}
