/** A contact as a send needs it. Holds types only. */
import type { CompiledBlock } from './consent/compiled.ts';

/** A contact's address on a channel, as the gate and the choice of destination need it. */
export type Reachable = {
  destinationId: number;
  channel: string;
  integrationId: number | null;
  address: string;
  status: 'pending' | 'active' | 'inactive' | 'blocked';
  /** What blocks it; null when nothing does. */
  blocks: readonly CompiledBlock[] | null;
  lastInboundMs: number | null;
  linkedMs: number;
};

/** A contact with the destinations asked for. */
export type Person = {
  contactId: number;
  workspaceId: number;
  externalId: string | null;
  givenName: string | null;
  surname: string | null;
  attributes: Record<string, unknown> | null;
  timeZone: string | null;
  locale: string | null;
  /** When it disconnected last, of a contact that is or was a connected account; by the workspace's clock. */
  disconnectedMs: number | null;
  destinations: Reachable[];
};
