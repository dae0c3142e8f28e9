/**
 * Where providers call us. Takes the bytes as they come, since signatures are over them, and leaves all that they mean to the
 * receipts room. The public URL is the one configured, never what a Host header says.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Integration } from '../../accounts/integrations.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { fromHex24 } from '../../base/ids.ts';
import type { CallbackAnswer, CallbackRequest } from '../../channels/adapter.ts';
import { MAIL_BYTES } from '../../receipts/listener.ts';
import { acceptBytes } from '../kit/body.ts';
import type { HttpContext } from '../kit/context.ts';
import { sendFault, useFaultForm, type FaultForm } from '../kit/errors.ts';
import type { Door } from '../kit/server.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose callback it is. */
    called: Integration | null;
  }
}

/** What is behind this door. */
export type Callbacks = {
  /** Whose callback an address is, by the id and the key that its path has. */
  called: (integrationId: number, callbackKey: string) => Promise<Integration | Fault>;
  /** Takes a callback in. */
  receive: (integration: Integration, request: CallbackRequest) => Promise<CallbackAnswer>;
};

/** A parsed mail with attachments comes in whole. */
const CALLBACK_BYTES = 10 * 1024 * 1024;
/** All others: Meta's are the largest ("up to 3 MB", WhatsApp Cloud API, Webhooks). */
const USUAL_BYTES = 3 * 1024 * 1024;
const ROUTES = [
  { url: '/:integrationId/:callbackKey/mail', purpose: 'mail', bodyLimit: MAIL_BYTES },
  { url: '/:integrationId/:callbackKey/:purpose', purpose: undefined, bodyLimit: CALLBACK_BYTES },
  // With a secret of the workspace's own behind it, for who does not sign.
  { url: '/:integrationId/:callbackKey/:purpose/:secret', purpose: undefined, bodyLimit: CALLBACK_BYTES },
];

const form: FaultForm = ({ fault, message }) => ({ error: { code: fault, description: message } });

/** The door for callbacks. */
export function callbacksDoor({ called, receive }: Callbacks): Door {
  return (app: FastifyInstance, ctx: HttpContext) => {
    void app.register(
      (inner, _options, done) => {
        useFaultForm(inner, ctx.log, '/callbacks', form);
        acceptBytes(inner);
        inner.decorateRequest('called', null);
        for (const { url, purpose, bodyLimit } of ROUTES)
          inner.route({
            method: ['GET', 'POST'],
            url,
            bodyLimit,
            // Before any of its body is read: a stranger has nothing to bring.
            async onRequest(request, reply) {
              const { integrationId, callbackKey } = request.params as Record<string, string>;
              // Not an id of ours: zero is nobody's, and is answered like an id that is not there.
              const integration = await called(fromHex24(integrationId!) ?? 0, callbackKey!);
              if (isFault(integration)) return sendFault(reply, integration, form);
              request.called = integration;
              request.isKnown = true;
              const isLarge = Number(request.headers['content-length'] ?? 0) > mostOf(ctx, request, purpose);
              return isLarge ? sendFault(reply, TOO_LARGE, form) : undefined;
            },
            async handler(request, reply) {
              const { body } = request;
              if (Buffer.isBuffer(body) && body.length > mostOf(ctx, request, purpose))
                return sendFault(reply, TOO_LARGE, form);
              const answer = await receive(request.called!, callbackOf(ctx, request, purpose));
              return await reply.code(answer.status).type(answer.contentType).send(answer.body);
            },
          });
        done();
      },
      { prefix: '/callbacks' },
    );
  };
}

const TOO_LARGE = fault('too_large', 'The body is larger than this route takes.');

/** The most that a callback may be: those that bring whole mails are larger than what is told of messages. */
function mostOf({ adapters }: HttpContext, request: FastifyRequest, purpose: string | undefined): number {
  if (purpose === 'mail') return MAIL_BYTES;
  const bringsMail = adapters[request.called!.provider]?.parsedApart?.purposes ?? [];
  return bringsMail.includes(purposeOf(request)) ? CALLBACK_BYTES : USUAL_BYTES;
}

function purposeOf(request: FastifyRequest): string {
  const params = request.params as Record<string, string>;
  return [params['purpose'], params['secret']].filter(Boolean).join('/');
}

function callbackOf(ctx: HttpContext, request: FastifyRequest, purpose?: string): CallbackRequest {
  const query = request.query as Record<string, string | string[]>;
  return {
    method: request.method,
    url: `${ctx.publicUrl()}${request.url}`,
    purpose: purpose ?? purposeOf(request),
    query: Object.fromEntries(
      Object.entries(query).map(([name, value]) => [name, Array.isArray(value) ? value.at(-1)! : value]),
    ),
    headers: request.headers,
    body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    receivedAtMs: ctx.clock.nowMs(),
  };
}
