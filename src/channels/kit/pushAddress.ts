/**
 * Addresses of devices may say of what kind their token is: `apns:…`, `fcm:…`. Devices tell of their tokens without; the integration
 * that they are linked through says then what they are.
 */
import { TOKEN_KIND } from '../../../contract/channels.ts';

/** The address with its kind; `kind` is that of tokens without. */
export function withKind(address: string, kind: string): string {
  return TOKEN_KIND.test(address) ? address : `${kind}:${address}`;
}
