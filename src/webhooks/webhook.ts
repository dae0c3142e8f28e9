/** A webhook as the room's parts see it, and how one is made of its row. */
import type { WebhookRow } from './sql.ts';
import type { DoorName } from '../accounts/keys.ts';

/** A webhook, without its secret. */
export type Webhook = {
  id: number;
  workspaceId: number;
  door: DoorName;
  target: string;
  triggers: string[];
  includeFullContact: boolean;
  includeDestination: boolean;
  /** What else its door keeps with it. */
  options: Record<string, unknown>;
  status: 'active' | 'disabled';
  /** Since when no call succeeded, while calls fail. */
  failingSinceMs?: number;
  createdMs: number;
};

/** A webhook of its row. */
export function webhookOf(row: WebhookRow): Webhook {
  const { secretSealed: _sealed, failingSinceMs, door, ...rest } = row;
  return { ...rest, door: door as DoorName, ...(failingSinceMs !== null && { failingSinceMs }) };
}
