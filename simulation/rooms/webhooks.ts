/** Webhooks: every call ends, what is told as delivered was delivered, and a person's calls come in order. */
import type { Run } from '../run.ts';
import type { RoomPlay } from './room.ts';

export const webhooks: RoomPlay = {
  name: 'webhooks',
  steps: [],
  perform: async () => undefined,
  async check(run) {
    return [...(await unended(run)), ...(await untold(run)), ...(await outOfOrder(run))];
  },
};

async function unended({ look }: Run): Promise<string[]> {
  const rows = await look<{ id: number; trigger: string }[]>`
    SELECT id, trigger FROM webhook_calls WHERE state = 'pending'`;
  return rows.map(({ id, trigger }) => `call ${id} (${trigger}) is pending for ever`);
}

async function untold({ look, told }: Run): Promise<string[]> {
  const got = new Set(told.filter(({ status }) => status === 200).map(({ webhookId }) => webhookId));
  const rows = await look<{ id: number }[]>`SELECT id FROM webhook_calls WHERE state = 'delivered'`;
  return rows
    .filter(({ id }) => !got.has(`msg_${id.toString(36)}`))
    .map(({ id }) => `call ${id} is told as delivered, and no target got it`);
}

/** A person's calls to one webhook are first made in the order in which things happened; what is repeated is repeated later. */
async function outOfOrder({ look, told }: Run): Promise<string[]> {
  const first = new Map<string, number>();
  for (const { webhookId, atMs } of told) if (!first.has(webhookId)) first.set(webhookId, atMs);
  const rows = await look<{ id: number; webhook_id: number; contact_id: number }[]>`
    SELECT id, webhook_id, contact_id FROM webhook_calls WHERE contact_id IS NOT NULL ORDER BY id`;
  return [...Map.groupBy(rows, ({ webhook_id, contact_id }) => `${webhook_id} ${contact_id}`).values()].flatMap((own) => {
    const made = own.flatMap(({ id }) => first.get(`msg_${id.toString(36)}`) ?? []);
    const late = made.findIndex((atMs, i) => i > 0 && atMs < made[i - 1]!);
    if (late < 0) return [];
    return [`call ${own[late]!.id} was made before the one that came earlier`];
  });
}
