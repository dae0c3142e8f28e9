/** A message to be posted, and what is known when it is. */
import type { Actor } from './participants.ts';
import type { Integration } from '../accounts/integrations.ts';
import type { Workspace } from '../accounts/workspaces.ts';
import type { AcceptDeps } from '../outbox/accept.ts';
import { Content } from '../../contract/content.ts';

/** A message to be posted, checked. */
export type NewThreadPost = {
  /** Where it stands in the body, for faults. */
  path: string;
  type: string;
  role: 'contact' | 'agent' | 'bot';
  user: string | undefined;
  delayMs: number;
  /** One of TOUCHPOINTS. */
  touchpoint: string | undefined;
  /** As it was posted, with the defaults. */
  wire: Record<string, unknown>;
  /** What is said: to the contact (`speech`), by the contact (`heard`), or beside its ears (`aside`). */
  said: { kind: 'speech'; content: Content } | { kind: 'heard'; content: Content } | { kind: 'aside' };
};

/** Somebody who can act. */
export type KnownUser = { id: string; name: string };

/** What posting needs to know before its transaction. */
export type Poster = {
  tools: AcceptDeps;
  workspace: Workspace;
  integrations: readonly Integration[];
  users: readonly KnownUser[];
  /** Who posts unless a message says otherwise (W30). */
  userId: string;
  nowMs: number;
};

/** A message to be posted, with its id and when it happens, by the workspace's clock. */
export type PlannedPost = NewThreadPost & {
  id: number;
  dueMs: number;
  /** Its delay is still to pass. */
  isLater: boolean;
  actor: Actor;
};

/** The text of a message as it was posted; empty where it has none. */
export function textOf({ text }: Readonly<Record<string, unknown>>): string {
  return typeof text === 'string' ? text : '';
}

/** The name of a field of a message, for faults. */
export function field({ path }: NewThreadPost, name: string): string {
  return path ? `${path}.${name}` : name;
}
