/**
 * Files in a private bucket of S3, or of what speaks like it: path-style URLs, Signature Version 4. One object for each file;
 * its name and media type are in the object's metadata. The bucket is the operator's choice, so it may be at a private address:
 * the guard for addresses that callers name does not apply.
 */
import aws4 from 'aws4';
import type { Clock } from '../base/clock.ts';
import type { Config } from '../base/config.ts';
import { sha256Hex } from '../base/crypto.ts';
import { fault, type Fault } from '../base/fault.ts';
import { httpClient, type HttpOutcome, type HttpRequest } from '../base/http.ts';
import type { Log } from '../base/log.ts';
import type { FileKey, MediaStore } from './mediaStore.ts';

/** What the store needs; the settings are all there. */
type S3Deps = {
  config: Pick<Config, 's3Endpoint' | 's3Bucket' | 's3Region' | 's3AccessKey' | 's3SecretKey'>;
  clock: Clock;
  log: Log;
};

/** One request to the bucket. */
type Ask = { method: HttpRequest['method']; headers?: Record<string, string>; body?: Uint8Array };

type Answer = Extract<HttpOutcome, { kind: 'answer' }>;

/** Larger than any upload, and as large as what is fetched from a provider. */
const LARGEST_BYTES = 100 * 1024 * 1024;
const CONNECTIONS = 32;
const DEADLINE_MS = 20_000;
/** What is done here can be done twice, and S3 asks that a 5xx be tried again. */
const TRIES = 2;
/** JSON of name and media type as base64url: a header holds ASCII only. */
const ABOUT = 'x-amz-meta-about';

/** A store in a bucket. */
export function s3Store(deps: S3Deps): MediaStore {
  const http = httpClient({ connections: CONNECTIONS });
  const { s3Endpoint, s3Bucket } = deps.config;

  const ask = ({ workspace, token }: FileKey, request: Ask) => askAt(`files/${workspace}/${token}`, request);

  async function askAt(place: string, request: Ask): Promise<HttpOutcome> {
    const url = new URL(`${s3Endpoint}/${s3Bucket}/${place}`);
    let outcome: HttpOutcome;
    let tries = 0;
    do {
      outcome = await http.call({
        ...request,
        url: url.href,
        headers: sign(deps, url, request),
        deadlineMs: DEADLINE_MS,
        maxBytes: LARGEST_BYTES,
      });
    } while (++tries < TRIES && (outcome.kind !== 'answer' || outcome.status >= 500));
    return outcome;
  }

  const failed = (what: string, outcome: HttpOutcome): Fault => {
    deps.log.error({ bucket: s3Bucket, detail: reasonOf(outcome) }, `the bucket did not ${what} a file`);
    return fault('unavailable', 'The store of files cannot be reached at the moment; try again.', {
      retryAfterS: 1,
    });
  };

  return {
    async put(key, { bytes, name, mediaType }) {
      const about = Buffer.from(JSON.stringify({ name, mediaType })).toString('base64url');
      const headers = { 'content-type': 'application/octet-stream', [ABOUT]: about };
      const outcome = await ask(key, { method: 'PUT', headers, body: bytes });
      return isDone(outcome) ? undefined : failed('take', outcome);
    },
    async get(key) {
      const outcome = await ask(key, { method: 'GET' });
      if (isMissing(outcome)) return undefined;
      if (!isDone(outcome)) return failed('give', outcome);
      const { headers, body } = outcome;
      return {
        ...readAbout(headers[ABOUT]),
        sizeBytes: body.length,
        content: (part) => (part ? body.subarray(part.from, part.to + 1) : body),
      };
    },
    async remove(key) {
      // DELETE answers the same whether there was an object or not, so it is asked for first, by its first byte.
      const found = await ask(key, { method: 'GET', headers: { range: 'bytes=0-0' } });
      if (isMissing(found)) return false;
      if (!isDone(found) && !isEmpty(found)) return failed('find', found);
      const outcome = await ask(key, { method: 'DELETE' });
      return isDone(outcome) || failed('remove', outcome);
    },
    removeSome: (workspace, most) => removeSome({ ...deps, ask, askAt, failed }, workspace, most),
    close: () => http.close(),
  };
}

/** How the bucket is asked, for an object and for what is below a place; and what is said where it does not do as it is told. */
type Asking = Pick<S3Deps, 'config' | 'log'> & {
  ask: (key: FileKey, request: Ask) => Promise<HttpOutcome>;
  askAt: (place: string, request: Ask) => Promise<HttpOutcome>;
  failed: (what: string, outcome: HttpOutcome) => Fault;
};

async function removeSome(
  { config, log, ask, askAt, failed }: Asking,
  workspace: string,
  most: number,
): Promise<number | Fault> {
  const prefix = `files/${workspace}/`;
  const query = new URLSearchParams({ 'list-type': '2', 'max-keys': String(most), prefix });
  const listed = await askAt(`?${query.toString()}`, { method: 'GET' });
  if (isDenied(listed)) {
    log.error(
      { bucket: config.s3Bucket, prefix },
      'the key may not list the bucket: files of a deleted workspace stay there until somebody deletes them',
    );
    return 0;
  }
  if (!isDone(listed)) return failed('list', listed);
  const tokens = tokensIn(listed, prefix);
  const outcomes = await Promise.all(tokens.map((token) => ask({ workspace, token }, { method: 'DELETE' })));
  const wrong = outcomes.find((outcome) => !isDone(outcome));
  return wrong ? failed('remove', wrong) : tokens.length;
}

function sign({ config, clock }: S3Deps, url: URL, { method, headers, body }: Ask): Record<string, string> {
  const own: Record<string, string> = {
    ...headers,
    host: url.host,
    'x-amz-content-sha256': sha256Hex(body ?? ''),
    'x-amz-date': new Date(clock.nowMs()).toISOString().replaceAll(/[:-]|\.\d{3}/g, ''),
  };
  // Only adds `Authorization`: what else it would add is there, by our clock and without a second copy of the body.
  const { headers: signed } = aws4.sign(
    { service: 's3', region: config.s3Region, method, path: url.pathname + url.search, headers: own },
    { accessKeyId: config.s3AccessKey, secretAccessKey: config.s3SecretKey },
  );
  return signed as Record<string, string>;
}

function isDone(outcome: HttpOutcome): outcome is Answer {
  return outcome.kind === 'answer' && outcome.status >= 200 && outcome.status < 300;
}

/**
 * A key that may not list the bucket is told AccessDenied for an object that is not there (S3 API, GetObject, Permissions).
 * A bucket that is not there is no missing file, but a wrong setting.
 */
function isMissing(outcome: HttpOutcome): boolean {
  if (outcome.kind !== 'answer') return false;
  const code = errorCode(outcome);
  return (
    (outcome.status === 404 && code !== 'NoSuchBucket') || (outcome.status === 403 && code === 'AccessDenied')
  );
}

function isDenied(outcome: HttpOutcome): boolean {
  return outcome.kind === 'answer' && outcome.status === 403 && errorCode(outcome) === 'AccessDenied';
}

/** The files in a list of objects (S3 API, ListObjectsV2): what we put there has nothing in its name that XML escapes. */
function tokensIn({ body }: Answer, prefix: string): string[] {
  const keys = [...body.toString().matchAll(/<Key>([\w/-]+)<\/Key>/g)].map(([, key]) => key!);
  return keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
}

/** No range fits an object without bytes. */
function isEmpty(outcome: HttpOutcome): boolean {
  return outcome.kind === 'answer' && outcome.status === 416;
}

function readAbout(header: string | string[] | undefined): { name: string; mediaType: string } {
  try {
    const { name, mediaType } = JSON.parse(Buffer.from(String(header), 'base64url').toString()) as Record<
      string,
      string
    >;
    if (name && mediaType) return { name, mediaType };
  } catch {
    // Somebody else put it there.
  }
  return { name: 'file', mediaType: 'application/octet-stream' };
}

function reasonOf(outcome: HttpOutcome): string {
  return outcome.kind === 'answer' ? `${outcome.status} ${errorCode(outcome)}` : outcome.reason;
}

function errorCode({ body }: Answer): string {
  return /<Code>(\w{1,60})<\/Code>/.exec(body.subarray(0, 4096).toString())?.[1] ?? '';
}
