/**
 * The HTML of a mail for a frame of the console's pages: given back as it was posted, under a policy that lets it do nothing but look as
 * it is meant to. Keeps nothing. A page of another site cannot have its own text shown under our name: what is posted must come from a
 * frame of ours, which browsers say in headers that no page can write (Fetch Metadata, W3C).
 */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { MAIL_FRAME_PATH } from '../../../contract/preview.ts';
import { LIMITS } from '../../../contract/limits.ts';
import { acceptBytes } from '../kit/body.ts';

/** A form writes each byte as three at most. */
const FORM_BYTES = 3 * 4 * LIMITS.html + 1024;

const policy = (pictures: boolean) =>
  [
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    `img-src data: ${pictures ? 'https:' : "'self'"}`,
    "font-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
    'sandbox',
  ].join('; ');

/** The route. */
export function mailFrameDoor(app: FastifyInstance): void {
  void app.register((inner, _options, done) => {
    // Counted among the bytes that are held of a peer, and read only from where it may come.
    acceptBytes(inner);
    inner.addHook('onRequest', async ({ headers }, reply) => {
      if (headers['sec-fetch-site'] !== 'same-origin' || headers['sec-fetch-dest'] !== 'iframe')
        return await refuse(reply);
      return undefined;
    });
    inner.post(MAIL_FRAME_PATH, { bodyLimit: FORM_BYTES }, (request, reply) => {
      if (!FORM.test(request.headers['content-type'] ?? '')) return refuse(reply);
      const form = new URLSearchParams(String(request.body));
      const html = form.get('html') ?? '';
      return reply
        .header('content-security-policy', policy(form.get('pictures') === 'yes'))
        .header('cache-control', 'no-store')
        .header('referrer-policy', 'no-referrer')
        .type('text/html; charset=utf-8')
        .send(html);
    });
    done();
  });
}

const FORM = /^application\/x-www-form-urlencoded\b/i;

function refuse(reply: FastifyReply): FastifyReply {
  return reply.code(403).type('text/plain; charset=utf-8').send('Only for a frame of the console.');
}
