/**
 * Files that people send: kept by us, so that what a conversation shows has an address that works. Those that came with the
 * callback are only here; those that a provider keeps are fetched with its credentials.
 */
import type { Clock } from '../base/clock.ts';
import { isFault } from '../base/fault.ts';
import type { HttpClient } from '../base/http.ts';
import type { Log } from '../base/log.ts';
import type { Integration } from '../accounts/integrations.ts';
import type { Adapter, Inbound } from '../channels/adapter.ts';
import { keepFile, removeFile, type MediaDeps } from '../content/mediaStore.ts';

/** What keeping files needs. */
export type FileDeps = MediaDeps & {
  http: HttpClient;
  deadlineMs: number;
  clock: Clock;
  log: Log;
  adapters: Readonly<Record<string, Adapter | undefined>>;
};

type Media = Inbound['media'][number];

/** Keeps the files of messages; returns the messages with addresses that work. What cannot be fetched keeps the name it came with. */
export async function keepFiles(
  deps: FileDeps,
  integration: Integration,
  inbound: readonly Inbound[],
): Promise<Inbound[]> {
  return await Promise.all(
    inbound.map(async (message) =>
      message.media.length
        ? {
            ...message,
            media: await Promise.all(message.media.map((file) => keep(deps, integration, file))),
          }
        : message,
    ),
  );
}

/** Takes back the files of messages that were not new. */
export async function dropFiles(
  deps: MediaDeps,
  workspaceId: number,
  repeats: readonly Inbound[],
): Promise<void> {
  for (const { media } of repeats) for (const { url } of media) await removeFile(deps, workspaceId, url);
}

async function keep(deps: FileDeps, integration: Integration, file: Media): Promise<Media> {
  const got = file.bytes
    ? { bytes: file.bytes, mediaType: undefined }
    : await fetchFrom(deps, integration, file);
  if (!got) return file;
  const mediaType = file.mediaType ?? got.mediaType ?? 'application/octet-stream';
  const name = file.name ?? nameFor(mediaType);
  const url = await keepFile(deps, integration.workspaceId, { bytes: got.bytes, name, mediaType });
  // The code of a lost connection: the provider is told 503, and calls again.
  if (isFault(url)) throw Object.assign(new Error(url.message), { code: 'ECONNRESET' });
  return { url, mediaType, ...(file.name === undefined ? {} : { name: file.name }) };
}

async function fetchFrom(
  deps: FileDeps,
  integration: Integration,
  { url, isKept }: Media,
): Promise<{ bytes: Uint8Array; mediaType: string | undefined } | undefined> {
  const adapter = deps.adapters[integration.provider];
  if ((/^https?:/i.test(url) && !isKept) || !adapter?.fetchMedia) return undefined;
  const { http, deadlineMs, clock } = deps;
  const got = await adapter.fetchMedia(
    integration.settings,
    { http, deadlineMs, nowMs: () => clock.nowMs() },
    url,
  );
  if (got.kind === 'fetched') return got;
  const { code, detail } = got;
  deps.log.warn({ integrationId: integration.id, code, detail }, 'a file that somebody sent was not fetched');
  return undefined;
}

/** `image/jpeg` becomes `file.jpeg`. */
function nameFor(mediaType: string): string {
  const kind = /^[\w.-]+\/([\w-]{1,10})/.exec(mediaType)?.[1];
  return kind && kind !== 'octet-stream' ? `file.${kind}` : 'file';
}
