/** The rooms of the simulation, in the order in which they are checked. */
import { broadcasts } from './broadcasts.ts';
import { campaigns } from './campaigns.ts';
import { connect } from './connect.ts';
import { consoleRoom } from './console.ts';
import { groups } from './groups.ts';
import { imports } from './imports.ts';
import { inbox } from './inbox.ts';
import { ledger } from './ledger.ts';
import { live } from './live.ts';
import { orders } from './orders.ts';
import { people } from './people.ts';
import { processes } from './processes.ts';
import { queue } from './queue.ts';
import { reconcile } from './reconcile.ts';
import type { RoomPlay } from './room.ts';
import { sends } from './sends.ts';
import { threads } from './threads.ts';
import { webhooks } from './webhooks.ts';
import { workspaces } from './workspaces.ts';

export const ROOMS: readonly RoomPlay[] = [
  queue,
  sends,
  broadcasts,
  people,
  imports,
  campaigns,
  orders,
  connect,
  groups,
  threads,
  consoleRoom,
  live,
  workspaces,
  webhooks,
  inbox,
  ledger,
  reconcile,
  processes,
];
