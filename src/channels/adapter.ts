/**
 * The adapter contract. An adapter is a translator: one rendered message into one provider call, the answer into
 * an outcome; one callback into receipts and inbound messages. It has no database, no retry, no clock of its own
 * and knows no tenant. All retry policy is in `outbox`.
 */
import type { SendsAs } from './kit/mail/domain.ts';
import type { ChannelName, ErrorClass, LineType, MessageClass, Rendered } from '../../contract/channels.ts';
import type { AddressGuard } from '../base/addressGuard.ts';
import type { HttpClient } from '../base/http.ts';

/** One message for one destination, ready for the wire. */
export type Outgoing = {
  /** Names the delivery; comes back with its receipts through `callbackUrl` or the provider's correlation field. URL-safe, at most 40 characters. */
  ref: string;
  /** Stable over the retries of one delivery: for providers that take an idempotency key. */
  idempotencyKey: string;
  /** The address: E.164 number, e-mail address, device token (kind:token), URL. */
  to: string;
  rendered: Rendered;
  /** Where the provider reports on this delivery; already carries `ref`. */
  callbackUrl: string;
  /** Seconds after which delivery is pointless; undefined is the provider's own default. */
  ttlS?: number;
  /** What the message is for, for providers that must be told (Bird). `transactional` when absent. */
  messageClass?: MessageClass;
};

/** What came of a call. A closed set, decided in the adapter; policy is elsewhere. */
export type Outcome =
  /** The provider took it. `receipts: false` when it will never tell more, so that this is the last word. */
  | {
      kind: 'accepted';
      externalIds: string[];
      receipts: boolean;
      /** By what the provider names whom it went to, where that is not what we wrote to. */
      knownAs?: string;
    }
  /** The provider will not send it, now or later. */
  | { kind: 'refused'; code: string; class: ErrorClass; detail: string }
  /** It was not sent and may be tried again, not before `retryAfterMs` when the provider says so. */
  | { kind: 'deferred'; code: string; class: ErrorClass; detail: string; retryAfterMs?: number }
  /** We do not know whether it was sent. */
  | { kind: 'unclear'; code: string; detail: string };

/** A provider's word on an earlier delivery. `ref` or `externalId` names it. */
export type Receipt = {
  ref?: string;
  externalId?: string;
  state: 'accepted' | 'delivered' | 'read' | 'failed';
  code?: string;
  class?: ErrorClass;
  detail?: string;
  /** When it happened by the provider's clock, unix ms. */
  atMs?: number;
  /** Addresses that it is about, where the provider says. What is said of another address than ours teaches nothing about ours. */
  about?: readonly string[];
};

/** Takes what was reported to an integration, several of one delivery in their order; resolves when it is committed. */
export type TakeReceipts = (integrationId: number, receipts: readonly Receipt[]) => Promise<void>;

/** A message from a person. */
export type Inbound = {
  /** The provider's id: the key against repeats. */
  externalId: string;
  from: string;
  to: string;
  text: string;
  /**
   * Files. Those that came within the callback have their `bytes`, and a `url` (`attachment:1`) that only names them: they
   * are nowhere else. `isKept` says that the provider gives the file to the account only, so that `fetchMedia` gets it; so does a
   * scheme other than https (`whatsapp-media:<id>`).
   */
  media: { url: string; mediaType?: string; name?: string; bytes?: Uint8Array; isKept?: true }[];
  /** Name as the channel gives it. */
  profileName?: string;
  /** Subject of a mail. */
  subject?: string;
  /** The whole text where `text` has quoted parts removed. */
  fullText?: string;
  /** External id of our message that this one answers. */
  replyTo?: string;
  /**
   * Of a mail with an id: the ids of those before it in its thread (RFC 5322 §3.6.4), oldest first, without brackets. Its
   * presence says that an answer can join the thread by `externalId`.
   */
  references?: string[];
  /** Payload of a tapped button. */
  payload?: string;
  location?: { lat: number; long: number; name?: string; address?: string };
  /** What this kind of message has that others do not (`kind`, and what the provider says of it): kept with the message. */
  facts?: { kind: string } & Record<string, unknown>;
  /** The person has another address from now on. Nothing was said: `text` is empty. */
  movedTo?: string;
  /**
   * The provider already handled the keyword and has answered the person; `complaint`: the person called what they got spam,
   * which is a stop to everything.
   */
  handledKeyword?: 'stop' | 'start' | 'help' | 'complaint';
  /** The ref of the delivery that a keyword is about: it is the word of whoever that went to, and `from` says nothing. */
  ofDelivery?: string;
  /** Channel facts kept with the destination (api/sunshine.md §3.3 `raw`). */
  raw: Record<string, unknown>;
  atMs?: number;
};

/** A callback as it arrived. `url` is built from the configured public URL, never from the Host header. */
export type CallbackRequest = {
  method: string;
  url: string;
  /** What follows the integration's id in the path: `status`, `inbound`, … */
  purpose: string;
  query: Record<string, string>;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
  /** When it arrived, unix ms: signatures with a timestamp are refused when too old. Unchecked when absent. */
  receivedAtMs?: number;
};

/** What a callback said, and how to answer it. */
export type Callback =
  | { kind: 'parsed'; receipts: Receipt[]; inbound: Inbound[]; answer: CallbackAnswer; signed?: SignedOnce }
  /** Signature missing or wrong: nothing of it is believed. */
  | { kind: 'forged'; answer: CallbackAnswer }
  /** Genuine but not understood; logged and answered so that the provider does not repeat it for ever. */
  | { kind: 'malformed'; detail: string; answer: CallbackAnswer; signed?: SignedOnce };

/**
 * What a signature was given for that does not cover the content: who has seen one call could make others. `token` names the
 * signature, `contentHash` is of all that is believed, however it was encoded; with another content it is forged, and answered so.
 */
export type SignedOnce = { token: string; contentHash: string; forged: CallbackAnswer };
export type CallbackAnswer = { status: number; contentType: string; body: string };

/** A setting of an integration. Secret ones are sealed at rest and never shown. */
export type IntegrationSetting = {
  required: boolean;
  secret: boolean;
  means: string;
  /** Where calls, and secrets with them, are sent: who changes it gives the secrets again. */
  leads?: boolean;
  /** JSON Schema of the value; strings by default. */
  schema?: Record<string, unknown>;
};

/** Settings of one integration, secrets opened. */
export type Settings = Readonly<Record<string, unknown>>;

/** What an adapter gets to work with. */
export type AdapterTools = {
  http: HttpClient;
  /** Which addresses may be connected to, for adapters that do not go through `http`. */
  guard?: AddressGuard;
  /** Bound on a provider call. */
  deadlineMs: number;
  nowMs(): number;
};

/** A message that its provider is asked for. `known` are the provider's ids of other messages to the same person. */
export type AskedFor = {
  ref: string;
  to: string;
  sinceMs: number;
  text?: string;
  known?: Pick<ReadonlySet<string>, 'has'>;
};

/** An integration opened for sending: holds connections, cached tokens, compiled settings. */
export type Sender = {
  send(message: Outgoing): Promise<Outcome>;
  /** One call for many, where the provider has one. Answers in the order of the messages. */
  sendBatch?(messages: readonly Outgoing[]): Promise<Outcome[]>;
  /**
   * Asks the provider whether a delivery with an unclear outcome was sent; `undefined` when it cannot tell.
   * Providers without a correlation field compare `text` (the rendered body), and leave out what is `known` by its id to be another's.
   */
  lookUp?: (message: AskedFor) => Promise<Outcome | undefined>;
  /** Shows the person that an answer to their message is being written; `heardId` is its `externalId`. Where the provider can. */
  showTyping?(heardId: string): Promise<Outcome>;
  /** Overrides `Adapter.idempotent` where it depends on the settings. */
  idempotent?: boolean;
  /** Said where a batch has one key: a message of it that is sent again, in other company, may go out twice. */
  batchIdempotent?: false;
  close(): Promise<void>;
};

/** The settings to keep from now on, or why the provider could not be asked. */
export type Connected = { kind: 'connected'; settings: Settings } | Exclude<Outcome, { kind: 'accepted' }>;

/** A file that somebody sent, or why it cannot be had. */
export type FetchedMedia =
  | { kind: 'fetched'; bytes: Uint8Array; mediaType: string | undefined }
  | Exclude<Outcome, { kind: 'accepted' }>;

/** What a provider knows of a phone number; what it does not tell is absent. */
export type KnownNumber = {
  kind: 'found';
  /** Whether the number can be somebody's, by the provider's numbering plans. */
  valid: boolean;
  /** Two letters. */
  country?: string;
  lineType?: LineType;
  /** Who serves it. */
  carrier?: string;
  /** The mobile network: country code and network code, as in `20408`. */
  network?: string;
  /** Whether it was taken along from another network. */
  ported?: boolean;
};

/** What a provider knows of a number, or why it does not say. Asking changes nothing, so nothing is unclear. */
export type NumberLookUp = KnownNumber | Exclude<Outcome, { kind: 'accepted' | 'unclear' }>;

/** What of a provider's own list of messages is asked for: a stretch of time, and where the last page ended (`next` of it). */
export type ListAsked = { fromMs: number; toMs: number; next?: string };

/** A page of it. The list may hold a message several times, and some that are not of the stretch; the last page has no `next`. */
export type ListedPage =
  | { kind: 'listed'; rows: ListedMessage[]; next?: string }
  | Exclude<Outcome, { kind: 'accepted' | 'unclear' }>;

/**
 * A message in a provider's own list: `status` in its own words, but `deferred` for a failure that is not the last word. `takenMs` is when
 * it was taken, unix ms; absent where the row tells only of something later.
 */
export type ListedMessage = { externalId: string; status: string; takenMs?: number };

/** A provider. */
export type Adapter = {
  /** Unique name, as in an integration's `type`: `twilio`, `smtp`, `whatsapp` … */
  provider: string;
  /** As it writes its own name. Default: `provider`. */
  title?: string;
  channel: ChannelName;
  settings: Readonly<Record<string, IntegrationSetting>>;
  /** What is wrong with settings that are each right: one that is missing beside another, or cannot be used. */
  amiss?(settings: Settings): { field: string; rule: string } | undefined;
  /** The most a receipt can say. */
  confirms: 'nothing' | 'delivered' | 'read';
  /** True when a repeat with the same `idempotencyKey` is not sent twice by the provider. */
  idempotent: boolean;
  /** Messages a second that a new account may send; a workspace may set its own. */
  ratePerS?: number;
  /** Most messages in one `sendBatch`. */
  batchSize?: number;
  open(settings: Settings, tools: AdapterTools): Sender;
  /**
   * Completes an integration at its provider when it is made or changed: reads what a setting only names, and
   * registers the callback URL. May be repeated. Absent where everything is in the settings.
   */
  connect?(settings: Settings, tools: AdapterTools, callbackUrls: { inbound: string }): Promise<Connected>;
  /** Fetches a file that the provider gives to the account only. */
  fetchMedia?(settings: Settings, tools: AdapterTools, url: string): Promise<FetchedMedia>;
  /** Asks what the provider knows of a number in E.164. Providers charge for it. */
  lookUpNumber?(settings: Settings, tools: AdapterTools, number: string): Promise<NumberLookUp>;
  /** Reads a page of what was sent, by the provider's own list, for the audit. Absent where it has none, or tells too little in it. */
  listMessages?(settings: Settings, tools: AdapterTools, asked: ListAsked): Promise<ListedPage>;
  /** From which domains it sends mail, by its settings; undefined where those do not say. Absent on other channels. */
  sendsAs?(settings: Settings): SendsAs | undefined;
  /** Verifies and parses a callback. Absent where the provider never calls. */
  receive?(request: CallbackRequest, settings: Settings): Callback;
  /**
   * Where `receive` is exported under its name: large callbacks are parsed in a thread of its own (`callbackThread.ts`), and those of these
   * purposes however small, since they hold what a stranger wrote. Whoever has `receive` has this.
   */
  parsedApart?: { purposes: readonly string[]; module: URL };
  /**
   * `receive` takes mails that are handed in whole as the callback `mail`, their envelope in `x-envelope-from` and `x-envelope-to`
   * where that is known.
   */
  takesMail?: true;
};
