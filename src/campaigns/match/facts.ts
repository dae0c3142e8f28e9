/** What is known of a contact when a rule is asked. Holds types only. */
import type { FieldName } from '../../../contract/audience.ts';

/** Something the contact did. `order` says what was taken before what (`event_arrivals.id`). */
export type Seen = {
  name: string;
  atMs: number;
  receivedMs: number;
  key: number;
  order: number;
  /** It is counted, and sets nothing off, wakes nobody and ends nothing. */
  isHistory?: boolean;
  /** How many campaigns have led to each other to it. */
  depth?: number;
  properties: Readonly<Record<string, unknown>> | null;
};

/** How often something was done, ever. */
export type Stat = { count: number; firstMs: number; lastMs: number };

/** A contact as rules see it. */
export type Facts = {
  contact: {
    id: number;
    attributes: Readonly<Record<string, unknown>>;
    createdMs: number;
  } & Readonly<Record<FieldName, string | null>>;
  lists: ReadonlySet<string>;
  tags: ReadonlySet<string>;
  /** Keys of segments that the contact is in. */
  segments: ReadonlySet<string>;
  /** The contact's zone, or the workspace's. */
  zone: string;
  stat(name: string): Stat | undefined;
  /** The newest of a name, newest first, as far back as any rule of the workspace asks, or since an instant. */
  events(name: string, sinceMs?: number): readonly Seen[];
};

/** What a rule may look up besides. */
export type Around = { trigger: Seen | null; asOfMs: number };
