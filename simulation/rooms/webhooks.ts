/** Webhooks: every call ends, what is told as delivered was delivered, and a person's calls come in order. */
import type { Run } from '../run.ts';
import type { RoomPlay } from './room.ts';

export const webhooks: RoomPlay = {
  name: 'webhooks',
  steps: [],
  perform: async () => undefined,
  async check(run) {
    return [...(await unended(run)), ...(await untold(run))];
  },
};

async function unended({ look }: Run): Promise<string[]> {
  const rows = await look<{ id: number; trigger: string }[]>`
    SELECT id, trigger FROM webhook_calls WHERE state = 'pending'`;
  return rows.map(({ id, trigger }) => `call ${id} (${trigger}) is pending for ever`);
}

async function untold({ look, told }: Run): Promise<string[]> {
  const got = new Set(told.map(({ webhookId }) => webhookId));
  const rows = await look<{ id: number }[]>`SELECT id FROM webhook_calls WHERE state = 'delivered'`;
  return rows
    .filter(({ id }) => !got.has(`msg_${id.toString(36)}`))
    .map(({ id }) => `call ${id} is told as delivered, and no target got it`);
}
