/** How long a workspace keeps what happened: how much would go, before it is set. */
import { KEPT_QUERY, KeptShown } from '../../../contract/doors/console/workspaces.ts';
import { countOldRows, SORTS, type KeptDays } from '../../accounts/keeping.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { EVENTS_KEPT_DAYS } from '../../db/partitions.ts';
import { reads, type Call, type Route } from './route.ts';

const MOST_COUNTED = 10_000;

/** `…/kept`. */
export const keptRoutes: readonly Route[] = [
  reads({
    path: '/kept',
    does: 'How long what happened is kept, and how much is older than so many days of each sort.',
    action: 'workspace.update',
    query: KEPT_QUERY,
    answer: KeptShown,
    async handle(call) {
      const days = daysIn(call);
      if (isFault(days)) return days;
      const { ctx, workspace, nowMs } = call;
      const { retentionDays: ours } = ctx.config;
      const older = await countOldRows(ctx.sql, ctx.rooms(), workspace, { days, most: MOST_COUNTED, nowMs });
      const installDays = { messages: ours, events: EVENTS_KEPT_DAYS, webhooks: ours, audit: ours };
      return { installDays, most: MOST_COUNTED, older };
    },
  }),
];

function daysIn({ query }: Call): KeptDays | Fault {
  const days: Record<string, number> = {};
  for (const sort of SORTS) {
    const text = query[sort];
    if (text === undefined) continue;
    const value = /^\d{1,4}$/.test(text) ? Number(text) : 0;
    if (value < 1 || value > 3650) return breaks(sort, 'must be a whole number of days from 1 to 3650');
    days[sort] = value;
  }
  return days;
}
