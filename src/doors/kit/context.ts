/** What a door has to work with; made once in main.ts. */
import type { Clock } from '../../base/clock.ts';
import type { Config } from '../../base/config.ts';
import type { Vault } from '../../base/crypto.ts';
import type { AddressGuard } from '../../base/addressGuard.ts';
import type { HttpClient } from '../../base/http.ts';
import type { IdSource } from '../../base/ids.ts';
import type { Log } from '../../base/log.ts';
import type { Directory } from '../../accounts/directory.ts';
import type { Keyring } from '../../accounts/keys.ts';
import type { RequestLog } from '../../accounts/requests.ts';
import type { Adapter } from '../../channels/adapter.ts';
import type { MediaStore } from '../../content/mediaStore.ts';
import type { Sql } from '../../db/pool.ts';
import type { Room } from '../../db/room.ts';
import type { Links } from '../../links/links.ts';
import type { Notices } from '../../live/notices.ts';
import type { Queue } from '../../queue/queue.ts';
import type { BroadcastDeps } from '../../broadcasts/broadcast.ts';
import type { Arrive } from '../../campaigns/events/arrive.ts';
import type { StepHandler } from '../../campaigns/steps/handlers.ts';
import type { HandedKind } from '../../campaigns/steps/kinds.ts';
import type { Names } from '../../campaigns/events/names.ts';
import type { Senders } from '../../senders/senders.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import type { Webhooks } from '../../webhooks/webhooks.ts';

export type HttpContext = {
  config: Config;
  sql: Sql;
  queue: Queue;
  ids: IdSource;
  clock: Clock;
  log: Log;
  vault: Vault;
  http: HttpClient;
  guard: AddressGuard;
  files: MediaStore;
  directory: Directory;
  links: Links;
  keyring: Keyring;
  /** Takes word of requests by keys. */
  requests: RequestLog;
  webhooks: Webhooks;
  senders: Senders;
  simulator: Simulator;
  /** The way in for what contacts do and what is learnt about them. */
  arrive: Arrive;
  /** Names of events. */
  names: Names;
  /** Who does the steps of campaigns that are of other rooms. */
  stepHandlers: ReadonlyMap<HandedKind, StepHandler>;
  /** Tells every process that something is new for who is connected. */
  notices: Pick<Notices, 'send'>;
  /** What the broadcasts room works with. */
  broadcasts: BroadcastDeps;
  /** Adapters by provider. */
  adapters: Readonly<Record<string, Adapter | undefined>>;
  /** All rooms, for whoever goes over them: erasing, merging, exporting. */
  rooms(): readonly Room[];
  /** URL under which this server is reached, without a slash at the end. Known once it listens. */
  publicUrl(): string;
};
