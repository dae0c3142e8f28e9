/** A person who is to be found or made, and who it turned out to be. Holds types only. */
import type { Identity } from './keys.ts';
import type { ChannelName } from '../../contract/channels.ts';

/** Where a destination stands. */
export type DestinationStatus = 'pending' | 'active' | 'inactive' | 'blocked';

/** An address that is to be linked to the contact. */
export type WantedDestination = {
  channel: ChannelName;
  /** null: any integration of the channel may be used. */
  integrationId: number | null;
  address: string;
  status?: DestinationStatus | undefined;
  displayName?: string | undefined;
  /** What the provider told, as JSON. */
  raw?: unknown;
};

/** What is known of a person. A null attribute is one that is to go. */
export type Profile = {
  givenName?: string | undefined;
  surname?: string | undefined;
  attributes?: Record<string, unknown> | undefined;
  timeZone?: string | undefined;
  locale?: string | undefined;
  credentialRequired?: boolean | undefined;
  signedUpMs?: number | undefined;
};

/** A person to be found or made. Without identities it is always made. */
export type Wanted = {
  workspaceId: number;
  /**
   * The first that is owned decides who it is; those that nobody owns are claimed. Name the address of the destination here,
   * too, when it is an identity (a phone number, an e-mail address): an address belongs to one contact.
   */
  identities: readonly Identity[];
  /**
   * Whoever has another external id is somebody else: an address of theirs stays theirs, and makes this person nobody's else. For
   * callers whose ids are the word on who is who.
   */
  byOwnId?: boolean | undefined;
  /**
   * Whoever is there already stays as they are: none of the other identities is claimed for them, and of the destinations they get only
   * those at an address that is theirs.
   */
  asTheyAre?: boolean | undefined;
  destination?: WantedDestination | undefined;
  /** Used when the contact is made; one that exists is not changed. */
  profile?: Profile | undefined;
};

/** Who it is. */
export type Resolved = {
  contactId: number;
  created: boolean;
  /** Absent when no destination was wanted, or when its address is another contact's. */
  destinationId?: number;
  destinationCreated?: boolean;
  /** Other contacts that own some of the identities, in order. */
  conflictsWith?: number[];
};

/** `Wanted` with any number of destinations. */
export type WantedPerson = Omit<Wanted, 'destination'> & { destinations: readonly WantedDestination[] };

/** Who it is; `destinations` stand in the order of the person's, undefined where the address is another's. */
export type PersonResolved = {
  contactId: number;
  created: boolean;
  destinations: ({ id: number; created: boolean } | undefined)[];
  conflictsWith: number[];
};
