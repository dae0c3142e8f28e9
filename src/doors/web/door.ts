/**
 * The pages of the console: the shell at every address of a page, and the files it is made of. Knows no page. While they are being
 * built, and where they cannot be, says so; the APIs do not wait for them.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import type { Part } from '../../base/lifecycle.ts';
import type { Log } from '../../base/log.ts';
import { buildPages, type Built } from './build.ts';
import { mailFrameDoor } from './mailFrame.ts';
import { ENCODINGS, readWebFiles, type WebFile } from './files.ts';

/** The pages, being made from the moment on that they are opened. */
export type Web = {
  /** Where they stand: their files, a fault, or undefined while they are being built. */
  files(): ReadonlyMap<string, WebFile> | Fault | undefined;
  /** Kept until they are there, or cannot be. */
  settled: Promise<unknown>;
  /** Ends a build that is under way. */
  close(): void;
};

/** First parts of the addresses that are pages; the router in the browser knows the rest. */
const PAGES = ['/', '/sign-in', '/enter', '/me', '/w', '/w/*'];
const YEAR_S = 31_536_000;

/**
 * Nothing inline and nothing from elsewhere, but pictures that people send. The worst that a text which became markup could do is show
 * a picture.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: https:",
  "media-src 'self' https:",
  "font-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** Begins to make the pages of the source below `root`; building takes a process of its own, beside whatever else starts. */
export function openWeb(root: string): Web {
  const stop = new AbortController();
  let state: ReadonlyMap<string, WebFile> | Fault | undefined;
  const make = async () => {
    const built: Built = await buildPages(root, stop.signal);
    state = isFault(built) ? built : await readWebFiles(built);
  };
  const settled = make().catch((error: Error) => {
    state = fault('unavailable', `The pages of the console could not be made: ${error.message}`);
  });
  return { files: () => state, settled, close: () => stop.abort() };
}

/** The door, and what stops with the rest. */
export function webDoor(web: Web, log: Log): { door: (app: FastifyInstance) => void; part: Part } {
  return {
    door(app) {
      app.lost.below = PAGES.map((url) => url.split('/')[1]!);
      app.lost.page = (request, reply) => sendPage(web, request, reply.code(404));
      for (const url of PAGES) app.get(url, (request, reply) => sendPage(web, request, reply));
      app.get('/assets/*', (request, reply) => sendFile(web, request, reply));
      app.get('/favicon.svg', (request, reply) => sendFile(web, request, reply));
      mailFrameDoor(app);
    },
    part: {
      name: 'pages of the console',
      async start() {
        void warn(web, log);
      },
      async stop() {
        web.close();
      },
    },
  };
}

async function warn(web: Web, log: Log): Promise<void> {
  await web.settled;
  const files = web.files();
  if (isFault(files)) log.warn({ reason: files.message }, 'the console has no pages');
}

function sendPage(web: Web, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.header('content-security-policy', POLICY);
  const files = web.files();
  if (files === undefined) return sendWaiting(reply);
  if (isFault(files)) return sendAbsent(reply, files);
  return send(request, reply, files.get('/index.html')!);
}

function sendFile(web: Web, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const files = web.files();
  const [path] = request.url.split('?');
  const file = files === undefined || isFault(files) ? undefined : files.get(path!);
  if (file) return send(request, reply, file);
  return reply.code(404).type('text/plain; charset=utf-8').send('There is no such file.');
}

/** As small as the browser takes it; unchanged files are not sent again. */
function send(request: FastifyRequest, reply: FastifyReply, file: WebFile): FastifyReply {
  reply
    .header('cache-control', file.isImmutable ? `public, max-age=${YEAR_S}, immutable` : 'no-cache')
    .header('etag', file.etag)
    .header('vary', 'accept-encoding')
    .type(file.type);
  if (request.headers['if-none-match'] === file.etag && reply.statusCode === 200)
    return reply.code(304).send();
  const accepted = (request.headers['accept-encoding'] ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => !/;\s*q=0(?:\.0+)?$/.test(one))
    .map((one) => one.split(';')[0]);
  const encoding = ENCODINGS.find((one) => file.packed[one] && accepted.includes(one));
  if (encoding) reply.header('content-encoding', encoding);
  return reply.send(encoding ? file.packed[encoding] : file.bytes);
}

const page = (title: string, text: string) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>${title}</title><body><h1>${title}</h1>${text}</body></html>`;

/** Comes again by itself. */
function sendWaiting(reply: FastifyReply): FastifyReply {
  return reply
    .code(503)
    .header('retry-after', '1')
    .header('refresh', '1')
    .header('cache-control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(page('Parley', '<p>The console is being built; this takes a few seconds, once.</p>'));
}

function sendAbsent(reply: FastifyReply, { message }: Fault): FastifyReply {
  const said = message.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return reply
    .code(503)
    .header('cache-control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(
      page(
        'Parley runs, without its console',
        `<p>${said}</p><p>To have it: <code>npm ci &amp;&amp; npm run build</code>, then start again. All APIs work meanwhile; they are described at <a href="/api/openapi/console.json">/api/openapi/console.json</a>.</p>`,
      ),
    );
}
