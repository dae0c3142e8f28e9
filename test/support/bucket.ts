/**
 * A bucket on a real socket: PUT, GET, DELETE and the list of objects as S3 answers them, for requests whose Signature Version 4 is right.
 * The signature is computed here from what came over the wire, by the published steps and with nothing the product uses.
 */
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

type Kept = { bytes: Buffer; headers: Record<string, string> };

export type Bucket = Awaited<ReturnType<typeof startBucket>>;

/** The one key that may. */
export const BUCKET_KEY = { accessKey: 'AKIDEXAMPLE', secretKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
export const BUCKET_REGION = 'eu-central-1';
const NAME = 'parley-files';
/** How far S3 lets a request's time be off. */
const SKEW_MS = 15 * 60_000;

/** Starts the bucket. */
export async function startBucket() {
  const objects = new Map<string, Kept>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { status, headers = {}, body = '' } = answer(request, Buffer.concat(chunks));
      response.writeHead(status, headers).end(body);
    });
  });

  type Answer = { status: number; headers?: Record<string, string>; body?: string | Buffer };
  const error = (status: number, code: string): Answer => ({
    status,
    headers: { 'content-type': 'application/xml' },
    body: `<?xml version="1.0"?>\n<Error><Code>${code}</Code><Message>…</Message></Error>`,
  });

  function answer(request: IncomingMessage, body: Buffer): Answer {
    requests.push(`${request.method} ${request.url}`);
    const forced = bucket.next.shift();
    if (forced) return error(forced.status, forced.code);
    const wrong = faultOfSignature(request, body);
    if (wrong) return error(403, wrong);
    const { pathname, searchParams } = new URL(request.url!, 'http://host');
    if (searchParams.get('list-type') === '2' && pathname === `/s3/${NAME}/`) return list(searchParams);
    const [, name, key] = /^\/s3\/([^/]+)\/(.+)$/.exec(request.url!) ?? [];
    if (name !== NAME || !key) return error(404, 'NoSuchBucket');
    const kept = objects.get(key);
    switch (String(request.method)) {
      case 'PUT': {
        const own = Object.entries(request.headers).filter(([header]) =>
          /^x-amz-meta-|^content-type$/.test(header),
        );
        objects.set(key, { bytes: body, headers: Object.fromEntries(own) as Record<string, string> });
        return { status: 200 };
      }
      case 'GET':
        if (!kept) return bucket.mayList ? error(404, 'NoSuchKey') : error(403, 'AccessDenied');
        if (request.headers.range !== 'bytes=0-0')
          return { status: 200, headers: kept.headers, body: kept.bytes };
        return kept.bytes.length
          ? { status: 206, headers: kept.headers, body: kept.bytes.subarray(0, 1) }
          : error(416, 'InvalidRange');
      case 'DELETE':
        objects.delete(key);
        return { status: 204 };
      default:
        return error(405, 'MethodNotAllowed');
    }
  }

  function list(asked: URLSearchParams): Answer {
    if (!bucket.mayList) return error(403, 'AccessDenied');
    const keys = [...objects.keys()].filter((key) => key.startsWith(asked.get('prefix')!)).toSorted();
    const shown = keys.slice(0, Number(asked.get('max-keys')));
    const contents = shown.map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`).join('');
    return { status: 200, body: `<?xml version="1.0"?>\n<ListBucketResult>${contents}</ListBucketResult>` };
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/s3`;
  const bucket = {
    objects,
    requests,
    /** What the next requests are answered with, whatever they ask. */
    next: [] as { status: number; code: string }[],
    /** Whether the key may list the bucket: if not, what is missing is told as denied. */
    mayList: true,
    /** The settings that name it. */
    env: {
      PARLEY_S3_ENDPOINT: endpoint,
      PARLEY_S3_BUCKET: NAME,
      PARLEY_S3_REGION: BUCKET_REGION,
      PARLEY_S3_ACCESS_KEY: BUCKET_KEY.accessKey,
      PARLEY_S3_SECRET_KEY: BUCKET_KEY.secretKey,
    },
    async close() {
      if (!server.listening) return;
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return bucket;
}

/** The error code of a request that is not signed as it must be; docs.aws.amazon.com, “Create a signed AWS API request”. */
function faultOfSignature(request: IncomingMessage, body: Buffer): string | undefined {
  const parts =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/((\d{8})\/([^/]+)\/s3\/aws4_request), SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/.exec(
      request.headers.authorization ?? '',
    );
  if (!parts) return 'MissingSecurityHeader';
  const [, accessKey, scope, day, region, names, signature] = parts as unknown as string[];
  const header = (name: string) => String(request.headers[name] ?? '');
  if (accessKey !== BUCKET_KEY.accessKey) return 'InvalidAccessKeyId';
  if (region !== BUCKET_REGION) return 'AuthorizationHeaderMalformed';
  const signed = names!.split(';');
  const must = ['host', ...Object.keys(request.headers).filter((name) => name.startsWith('x-amz-'))];
  if (must.some((name) => !signed.includes(name))) return 'AccessDenied';
  if (header('x-amz-content-sha256') !== sha256(body)) return 'XAmzContentSHA256Mismatch';
  const at = header('x-amz-date');
  const time = Date.parse(at.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'));
  if (!(Math.abs(Date.now() - time) < SKEW_MS) || !at.startsWith(day!)) return 'RequestTimeTooSkewed';
  const url = new URL(request.url!, 'http://host');
  const canonical = [
    request.method,
    url.pathname,
    url.search.slice(1),
    ...signed.toSorted().map((name) => `${name}:${header(name).trim().replaceAll(/ +/g, ' ')}`),
    '',
    signed.join(';'),
    header('x-amz-content-sha256'),
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', at, scope, sha256(canonical)].join('\n');
  let key: string | Buffer = `AWS4${BUCKET_KEY.secretKey}`;
  for (const word of [...scope!.split('/'), toSign]) key = createHmac('sha256', key).update(word).digest();
  return (key as Buffer).toString('hex') === signature ? undefined : 'SignatureDoesNotMatch';
}

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
