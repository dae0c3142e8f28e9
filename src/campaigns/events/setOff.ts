/** What set off the campaign that sent a message: for whoever wants to know what a text was about. */
import type { Tx } from '../../db/pool.ts';
import { createLiveSource } from '../enrol/live.ts';
import type { Names } from './names.ts';
import { selectSetOff } from './sql.told.ts';

/** A message, by whom it was for. */
type SentTo = { workspaceId: number; contactId: number; messageId: number };

/** Properties of what set off the campaigns of one key, by those of some messages that they sent. */
type WhatSetOff = (
  tx: Tx,
  sent: readonly SentTo[],
) => Promise<(SentTo & { properties: Record<string, unknown> })[]>;

/** Asks for campaigns of one key. Costs a look at one row where no workspace has a live one. */
export function whatSetOff(deps: { names: Names }, campaignKey: string): WhatSetOff {
  const source = createLiveSource(deps);
  return async (tx, sent) => {
    const liveOf = await source(tx);
    const concerned: SentTo[] = [];
    for (const one of sent) {
      const { campaigns } = await liveOf(one.workspaceId);
      if ([...campaigns.values()].some(({ key }) => key === campaignKey)) concerned.push(one);
    }
    if (!concerned.length) return [];
    const byMessage = new Map(concerned.map((one) => [`${one.contactId}.${one.messageId}`, one]));
    const found = await selectSetOff(tx, concerned, campaignKey);
    return found.flatMap(({ contactId, messageId, properties }) =>
      properties ? [{ ...byMessage.get(`${contactId}.${messageId}`)!, properties }] : [],
    );
  };
}
