/** Firebase Cloud Messaging, HTTP v1: a message to one device, and what its codes mean. */
import { Type } from 'typebox';
import type { CodesByClass, Described } from '../contract.ts';
import { closed, like, oneOf, open, text, url } from './shape.ts';

const seconds = like('^\\d+(?:\\.\\d{1,9})?s$');
const shown = { title: Type.String(), body: Type.String(), image: url };
/** Every value is text. */
const data = Type.Record(Type.String(), Type.String());
const TARGETS = ['token', 'topic', 'condition', 'fid'];

/** The calls. */
export const FCM: Described = {
  source: 'fcm.googleapis.com discovery document v1; firebase.google.com “REST Resource: projects.messages”',
  readOn: '2026-11-20',
  collected: 'fcm-v1.json',
  calls: [
    {
      method: 'POST',
      path: /^\/v1\/projects\/[^/]+\/messages:send$/,
      takes: 'json',
      body: closed(
        {
          message: closed(
            {},
            {
              token: text(),
              fid: text(),
              topic: text(),
              condition: text(),
              data,
              notification: closed({}, shown),
              fcmOptions: closed({}, { analyticsLabel: text() }),
              android: closed(
                {},
                {
                  priority: oneOf('NORMAL', 'HIGH'),
                  ttl: seconds,
                  collapseKey: text(),
                  data,
                  notification: closed(
                    {},
                    {
                      ...shown,
                      tag: text(),
                      icon: text(),
                      color: like('^#[0-9a-fA-F]{6}$'),
                      sound: text(),
                      channelId: text(),
                      clickAction: text(),
                      notificationCount: Type.Integer(),
                    },
                  ),
                },
              ),
              apns: closed(
                {},
                {
                  headers: data,
                  payload: Type.Record(Type.String(), Type.Unknown()),
                  fcmOptions: closed({}, { image: url }),
                },
              ),
              webpush: closed(
                {},
                {
                  headers: data,
                  data,
                  notification: Type.Record(Type.String(), Type.Unknown()),
                  fcmOptions: closed({}, { link: url }),
                },
              ),
            },
          ),
        },
        { validateOnly: Type.Boolean() },
      ),
      rule: ({ message }) =>
        TARGETS.filter((name) => Object.hasOwn(message ?? {}, name)).length === 1
          ? []
          : ['not exactly one target'],
      answers: { 200: open({ name: like('^projects/[^/]+/messages/.+$') }) },
      failure: open({
        error: open(
          { code: Type.Integer(), status: text() },
          { message: Type.String(), details: Type.Array(open({ '@type': text() })) },
        ),
      }),
    },
  ],
};

/** Status and code (firebase.google.com “ErrorCode”). */
export const FCM_CODES_BY_CLASS: CodesByClass<string> = {
  content: ['400 INVALID_ARGUMENT'],
  config: ['401 THIRD_PARTY_AUTH_ERROR', '403 PERMISSION_DENIED'],
  refresh_token: ['401 UNAUTHENTICATED'],
  recipient: ['403 SENDER_ID_MISMATCH', '404 UNREGISTERED'],
  rate: ['429 QUOTA_EXCEEDED'],
  transient: ['500 INTERNAL', '503 UNAVAILABLE'],
};
