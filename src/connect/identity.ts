/**
 * Who a visitor is to the company that sent them: a connect_id, and whether the company vouches for it, by a signature (HMAC-SHA256 of
 * the connect_id, hex) or a JSON Web Token (HS256), both under the client's secret.
 */
import { jwtVerify } from 'jose';
import { hmac, sameText } from '../base/crypto.ts';
import { fault, type Fault } from '../base/fault.ts';
import { checkConnectId } from './connectId.ts';

/** What an address of the consent page says of the visitor. */
type GivenIdentity = {
  connectId?: string | undefined;
  signature?: string | undefined;
  /** A JWT with the connect_id as `sub`, with `exp`, and, where it has an `aud`, the client's id there. */
  token?: string | undefined;
};

/** Who it is. */
export type ConnectIdentity = { connectId: string; signed: boolean };

/** Reads it; a fault when what is signed does not hold, or nothing is signed where that is asked for. */
export async function readIdentity(
  given: GivenIdentity,
  client: { id: number; signedOnly: boolean; secret: string | undefined },
  nowMs: number,
): Promise<ConnectIdentity | Fault> {
  const { connectId, signature, token } = given;
  if (token !== undefined) return await byToken(given, client, nowMs);
  if (connectId === undefined)
    return fault('bad_request', 'connect_id: is required: by which the company knows you', {
      field: 'connect_id',
    });
  const broken = checkConnectId(connectId);
  if (broken) return broken;
  if (signature === undefined)
    return client.signedOnly
      ? fault('bad_request', 'signature: is required by this company', { field: 'signature' })
      : { connectId, signed: false };
  if (client.secret === undefined) return unreadable();
  return sameText(signature.toLowerCase(), hmac('sha256', client.secret, connectId, 'hex'))
    ? { connectId, signed: true }
    : fault('bad_request', 'signature: is not that of the connect_id', { field: 'signature' });
}

async function byToken(
  { connectId: named, token }: GivenIdentity,
  client: { id: number; secret: string | undefined },
  nowMs: number,
): Promise<ConnectIdentity | Fault> {
  if (client.secret === undefined) return unreadable();
  let claims: { sub?: unknown; aud?: unknown };
  try {
    const options = { algorithms: ['HS256'], requiredClaims: ['sub', 'exp'], currentDate: new Date(nowMs) };
    claims = (await jwtVerify(token!, Buffer.from(client.secret), options)).payload;
  } catch (error) {
    const expired = (error as { code?: string }).code === 'ERR_JWT_EXPIRED';
    return fault(
      'bad_request',
      `connect_token: ${expired ? 'is over' : 'is not a token that the company signed'}`,
      {
        field: 'connect_token',
      },
    );
  }
  const { sub, aud } = claims;
  const connectId = String(sub);
  if (aud !== undefined && ![aud].flat().includes(String(client.id)))
    return fault('bad_request', 'connect_token: is for another client', { field: 'connect_token' });
  if (named !== undefined && named !== connectId)
    return fault('bad_request', 'connect_id: is not that of connect_token', { field: 'connect_id' });
  return checkConnectId(connectId) ?? { connectId, signed: true };
}

function unreadable(): Fault {
  return fault('unavailable', 'What the company signed cannot be checked here; ask the company.');
}
