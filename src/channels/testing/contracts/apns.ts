/** Apple's push service: what each request has to be, and what its reasons mean. There is no machine-readable contract. */
import type { CodesByClass } from '../contract.ts';

/** Status and reason (“Handling notification responses from APNs”, read 2026-11-20). */
export const APNS_REASONS_BY_CLASS: CodesByClass<string> = {
  recipient: ['400 BadDeviceToken', '400 DeviceTokenNotForTopic', '410 ExpiredToken', '410 Unregistered'],
  content: [
    '400 BadCollapseId',
    '400 BadExpirationDate',
    '400 BadMessageId',
    '400 BadPriority',
    '400 BadTopic',
    '400 DuplicateHeaders',
    '400 InvalidPushType',
    '400 MissingDeviceToken',
    '400 MissingTopic',
    '400 PayloadEmpty',
    '413 PayloadTooLarge',
  ],
  config: [
    '400 TopicDisallowed',
    '403 BadCertificate',
    '403 BadCertificateEnvironment',
    '403 BadEnvironmentKeyIdInToken',
    '403 BadEnvironmentKeyInToken',
    '403 Forbidden',
    '403 InvalidProviderToken',
    '403 MissingProviderToken',
    '403 UnrelatedKeyIdInToken',
    '404 BadPath',
    '405 MethodNotAllowed',
    '429 TooManyProviderTokenUpdates',
  ],
  refresh_token: ['403 ExpiredProviderToken'],
  rate: ['429 TooManyRequests'],
  transient: ['400 IdleTimeout', '500 InternalServerError', '503 ServiceUnavailable', '503 Shutdown'],
};
