/**
 * The HTML of a mail for a frame of the console's pages: given back as it was posted, under a policy that lets it do nothing but look as
 * it is meant to. Keeps nothing. A page of another site cannot have its own text shown under our name: what is posted must come from a
 * frame of ours, which browsers say in headers that no page can write (Fetch Metadata, W3C).
 */
import type { FastifyInstance } from 'fastify';
import { MAIL_FRAME_PATH } from '../../../contract/preview.ts';
import { LIMITS } from '../../../contract/limits.ts';

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
    inner.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: FORM_BYTES },
      (_request, body, parsed) => parsed(null, new URLSearchParams(body as string)),
    );
    inner.post(MAIL_FRAME_PATH, { bodyLimit: FORM_BYTES }, (request, reply) => {
      const { 'sec-fetch-site': site, 'sec-fetch-dest': dest } = request.headers;
      if (site !== 'same-origin' || dest !== 'iframe' || !(request.body instanceof URLSearchParams))
        return reply.code(403).type('text/plain; charset=utf-8').send('Only for a frame of the console.');
      const html = request.body.get('html') ?? '';
      return reply
        .header('content-security-policy', policy(request.body.get('pictures') === 'yes'))
        .header('cache-control', 'no-store')
        .header('referrer-policy', 'no-referrer')
        .type('text/html; charset=utf-8')
        .send(html);
    });
    done();
  });
}
