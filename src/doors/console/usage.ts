/** What a workspace used in a month: messages by channel, and people who were active (N20). */
import { Type } from 'typebox';
import { UsageShown } from '../../../contract/doors/console/messages.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { monthOf, usageOf } from '../../ledger/usage.ts';
import { reads, type Call, type Route } from './route.ts';

/** `…/usage?month=2026-11`. */
export const usageRoutes: readonly Route[] = [
  reads({
    path: '/usage',
    does: 'What a workspace used in a month: messages by channel, and people who were active.',
    action: 'workspace.read',
    query: { month: Type.String({ description: 'Such as 2026-11; this month when it is not given.' }) },
    answer: UsageShown,
    handle: usage,
  }),
];

async function usage(call: Call): Promise<UsageShown | Fault> {
  const month = readMonth(call);
  if (isFault(month)) return month;
  const { messages, activePeople } = await usageOf(call.ctx.sql, call.workspace.id, month);
  return {
    month: `${Math.floor(month / 100)}-${String(month % 100).padStart(2, '0')}`,
    messages: messages.map(({ n, ...rest }) => ({ ...rest, count: n })),
    messagesTotal: messages.reduce((sum, { n }) => sum + n, 0),
    activePeople,
  };
}

/** The month asked for; this one, by the workspace's clock, when none is. */
function readMonth(call: Call): number | Fault {
  const { month } = call.query;
  if (month === undefined) return monthOf(call.workspaceNowMs);
  return /^20\d\d-(0[1-9]|1[0-2])$/.test(month)
    ? Number(month.replace('-', ''))
    : breaks('month', 'must be a month of this century, such as 2026-11');
}
