/**
 * `parley campaigns since`: those enter who did before what sets a campaign off. It tells what would come of that, and lets them in only where that
 * is asked for.
 */
import type { Static } from 'typebox';
import type { SinceForecast } from '../../contract/doors/console/campaigns.ts';
import { findByKey } from './campaigns.ts';
import { CommandFailure, say } from './failure.ts';
import { countText } from './progress.ts';
import { connect, type TargetFlags } from './target.ts';

type Flags = TargetFlags & { from: string; perMinute: string; enter?: boolean };

/** Tells how many of those would enter who did it since a time; with `--enter` they are let in. */
export async function since(key: string, time: string, flags: Flags): Promise<void> {
  const { from } = flags;
  if (from !== 'now' && from !== 'event') throw new CommandFailure('--from must be now or event.', 2);
  const { api, base } = await connect(flags);
  const { id } = await findByKey(api, base, key);
  const path = `${base}/campaigns/${id}/since`;
  if (flags.enter) {
    await api.post(path, { since: time, from, perMinute: Number(flags.perMinute) });
    return say(`They are let in, at most ${flags.perMinute} in a minute.`);
  }
  const told = await api.get<Static<typeof SinceForecast>>(
    `${path}?since=${encodeURIComponent(time)}&from=${from}`,
  );
  const { about, error, asked, wouldEnter, refused, over, sends, tooLate } = told;
  say(`${error ? `About ${countText(about)} (± ${countText(error)})` : countText(about)} did it since.`);
  say(`Of ${countText(asked)} who were looked at ${countText(wouldEnter)} would enter.`);
  for (const { why, people } of refused) say(`  ${countText(people)} would not: ${why}.`);
  say(
    `  ${countText(over)} would be out of it again by now; of messages ${countText(sends)} would be sent at once, and ${countText(tooLate)} are too late.`,
  );
  say('Nobody was let in: that is done with --enter.');
}
