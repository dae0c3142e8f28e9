/**
 * Codes by which a device says that it belongs to somebody who tests: four digits that the console shows and a person types into the
 * app (api/outbound.md §A.2). Derived, so that every process knows them and nothing is kept. Pure.
 */
import { hmac } from '../base/crypto.ts';

/** How long a code is new; it is good for as long again. */
const SLOT_MS = 10 * 60_000;

/** The code of a workspace, and until when it is good. */
export function pairingCode(
  secret: string,
  workspaceId: number,
  nowMs: number,
): { code: string; untilMs: number } {
  const slot = Math.floor(nowMs / SLOT_MS);
  return { code: codeOf(secret, workspaceId, slot), untilMs: (slot + 2) * SLOT_MS };
}

/** Whether a code is that of a workspace. Clients send it as a number, so zeros before it are lost. */
export function isPairingCode(secret: string, workspaceId: number, code: number, nowMs: number): boolean {
  const slot = Math.floor(nowMs / SLOT_MS);
  return [slot, slot - 1].some((one) => Number(codeOf(secret, workspaceId, one)) === code);
}

function codeOf(secret: string, workspaceId: number, slot: number): string {
  const digest = hmac('sha256', secret, `pairing ${workspaceId} ${slot}`, 'hex');
  return String(Number.parseInt(digest.slice(0, 8), 16) % 10_000).padStart(4, '0');
}
