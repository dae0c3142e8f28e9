/** Who may read the metrics: who is on this machine, or has the token. A proxy on this machine speaks for somebody else. */
import type { IncomingHttpHeaders } from 'node:http';
import { sameText } from '../base/crypto.ts';

const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];

/** Whether a request may. `address` is its connection's. */
export function mayRead(request: { address: string; headers: IncomingHttpHeaders }, token: string): boolean {
  const given = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (given !== undefined) return token !== '' && sameText(given, token);
  const near = /^(?:::ffff:)?127\.|^::1$/.test(request.address);
  return near && !FORWARDED.some((name) => request.headers[name] !== undefined);
}
