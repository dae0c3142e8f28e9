/** Words on consent are obeyed, each on its own block: STOP, START, a complaint, a provider's own switch. */
import type { ChannelName, MessageClass } from '../../contract/channels.ts';
import type { Integration } from '../accounts/integrations.ts';
import type { IdSource } from '../base/ids.ts';
import type { Inbound } from '../channels/adapter.ts';
import { blockDestinations, blockKey, liftBlocks, type At } from '../contacts/consent/blocks.ts';
import { complaintBlock, marketingSwitchBlock, startLifts, stopBlock } from '../contacts/consent/meanings.ts';
import { keywordOf } from '../contacts/consent/words.ts';
import type { Tx } from '../db/pool.ts';

/** A word on consent, and the class of the message that it is about, where that is known. */
export type ConsentWord = Inbound & { about?: MessageClass | undefined };

/** A complaint or an unsubscription: a word on consent and nothing that was said. */
export function isConsentOnly(message: Inbound): boolean {
  return message.handledKeyword !== undefined && !message.text && !message.media.length && !message.location;
}

/**
 * Obeys them, in the order in which they were said: of a yes and a no the later counts. What the provider has handled already is handled
 * here too, so that both know the same.
 */
export async function obeyKeywords(
  ids: IdSource,
  tx: Tx,
  integration: Integration,
  words: readonly ConsentWord[],
  nowMs: number,
): Promise<void> {
  for (const round of roundsOf(words.flatMap((word) => saidIn(integration, word)))) {
    const blocks = round.flatMap((one) => {
      if (one.word === 'complaint') return [complaintBlock(one.at, one.about)];
      if (one.word !== 'stop') return [];
      const block = one.isSwitch
        ? marketingSwitchBlock(one.at, integration.id)
        : stopBlock(one.at, integration.id, 'person');
      return [{ ...block, saidMs: one.saidMs }];
    });
    await blockDestinations(tx, ids, nowMs, blocks);
    const lifts = round.flatMap(({ word, at, saidMs }) =>
      word === 'start' ? startLifts(at, integration.id, saidMs) : [],
    );
    await liftBlocks(tx, ids, nowMs, lifts);
  }
}

type Said = {
  word: 'stop' | 'start' | 'complaint';
  about: MessageClass | undefined;
  /** A switch in the provider's own app, and not a word that was written. */
  isSwitch: boolean;
  at: At;
  saidMs: number | undefined;
};

function saidIn({ workspaceId, channel: name }: Integration, message: ConsentWord): Said[] {
  const channel = name as ChannelName;
  const word = message.handledKeyword ?? keywordOf(message.text);
  if (word === undefined || word === 'help') return [];
  return [
    {
      word,
      about: message.about,
      isSwitch: channel === 'whatsapp' && isConsentOnly(message),
      at: { workspaceId, channel, address: message.from },
      // The date of a mail is by the clock of whoever wrote it.
      saidMs: channel === 'email' ? undefined : message.atMs,
    },
  ];
}

/** Rounds in which each address says one thing, in the order in which it said them: mostly one. */
function roundsOf(said: readonly Said[]): Said[][] {
  const inOrder = said.every(({ saidMs }) => saidMs !== undefined)
    ? said.toSorted((a, b) => a.saidMs! - b.saidMs!)
    : said;
  const rounds: Said[][] = [];
  const times = new Map<string, number>();
  for (const one of inOrder) {
    const key = blockKey(one.at);
    const round = times.get(key) ?? 0;
    times.set(key, round + 1);
    (rounds[round] ??= []).push(one);
  }
  return rounds;
}
