/** Settings of integrations as clients of this API know them (api/sunshine.md §4), in the words of the adapters. Pure. */
import { breaks, type Fault } from '../../base/fault.ts';

type Settings = Record<string, unknown>;

/** The settings for the adapter; a fault for what a provider does not take any more, with what it takes instead. */
export function settingsOf(type: string, given: Settings): Settings | Fault {
  switch (type) {
    case 'fcm':
      return ofFcm(given);
    case 'whatsapp':
      return ofWhatsApp(given);
    default:
      return given;
  }
}

/**
 * Google turned server keys off in July 2024 (firebase.google.com/docs/cloud-messaging/migrate-v1): in their place stands the
 * text of a service account.
 */
function ofFcm({ serverKey, ...rest }: Settings): Settings | Fault {
  if (serverKey === undefined) return rest;
  return typeof serverKey === 'string' && serverKey.trimStart().startsWith('{')
    ? { ...rest, serviceAccount: serverKey }
    : breaks('serverKey', 'must be the JSON text of a service account: Google takes server keys no more');
}

/** Meta turned the API that was hosted by oneself off in October 2025; what named a deployment of it names nothing now. */
function ofWhatsApp(given: Settings): Settings | Fault {
  const gone = ['deploymentId', 'username', 'password'].find((name) => name in given);
  return gone === undefined
    ? given
    : breaks(gone, 'is not used: WhatsApp is reached in Meta’s cloud; give phoneNumberId and accessToken');
}
