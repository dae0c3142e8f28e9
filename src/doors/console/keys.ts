/** API keys of a workspace. A secret is shown once, in the answer that made it. */
import {
  KeyMade,
  KeyRotation,
  KeyShown,
  KeysShown,
  NewKey,
  PairingShown,
} from '../../../contract/doors/console/keys.ts';
import { Nothing } from '../../../contract/doors/fields.ts';
import { createKey, listKeys, revokeKey, rotateKey, type ApiKey } from '../../accounts/keys.ts';
import { lastUses } from '../../accounts/requests.ts';
import { pairingCode } from '../../accounts/pairing.ts';
import { ROLES, type Role } from '../../../contract/roles.ts';
import { breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import type { Static } from 'typebox';
import type { Tx } from '../../db/pool.ts';
import { acts, missing, reads, readTime, timeText, writes, type Call, type Route } from './route.ts';

/** `…/keys`. */
export const keyRoutes: readonly Route[] = [
  reads({
    path: '/keys',
    does: 'The API keys of a workspace, without their secrets.',
    action: 'keys.manage',
    answer: KeysShown,
    async handle({ ctx, workspace }) {
      const keys = await listKeys(ctx.sql, { owner: { workspaceId: workspace.id } });
      const uses = await lastUses(
        ctx.sql,
        keys.map(({ keyId }) => keyId),
      );
      return { keys: keys.map((key) => present(key, uses.get(`${key.door} ${key.keyId}`))) };
    },
  }),
  reads({
    path: '/pairing',
    does: 'The code that is typed into an app to pair its device, so that messages can be tried on it.',
    action: 'campaigns.write',
    answer: PairingShown,
    async handle({ ctx, workspace, nowMs }) {
      const { code, untilMs } = pairingCode(ctx.vault.lastingSecret, workspace.id, nowMs);
      return { code, until: timeText(untilMs) };
    },
  }),
  writes({
    path: '/keys',
    action: 'keys.manage',
    does: 'Makes an API key; its secret is shown this once.',
    body: NewKey,
    answers: { 201: KeyMade },
    secret: true,
    async handle(call) {
      const { ctx, body, workspace, nowMs } = call;
      const expiresMs = body.expiresAt === undefined ? undefined : readTime(body.expiresAt, 'expiresAt');
      if (isFault(expiresMs)) return expiresMs;
      if (expiresMs !== undefined && expiresMs <= nowMs) return breaks('expiresAt', 'must be a time to come');
      const role = checkRole(call, body.door, body.role);
      if (isFault(role)) return role;
      const { scope } = body;
      if ((scope !== undefined) !== (body.door === 'outbound'))
        return breaks('scope', 'is for keys of the Outbound door, which need one: private or public');
      const scopes = [role, scope].filter((one) => one !== undefined);
      return async (tx) => {
        const made = await createKey(tx, ctx, {
          owner: { workspaceId: workspace.id },
          door: body.door,
          name: body.name ?? '',
          ...(scopes.length > 0 ? { scopes } : {}),
          ...(expiresMs === undefined ? {} : { expiresMs }),
          nowMs,
        });
        if (isFault(made)) return made;
        const { keyId, door, name } = made.key;
        return {
          status: 201,
          body: { ...present(made.key), secret: made.secret, token: made.token },
          audit: {
            action: 'key.create',
            subject: `key:${keyId}`,
            detail: { door, name, role: role ?? null, ...(scope ? { scope } : {}) },
          },
        };
      };
    },
  }),
  writes({
    path: '/keys/:keyId/rotate',
    action: 'keys.manage',
    does: 'Makes a key that may what another may, and ends that one, after a while in which both work; the new secret is shown this once.',
    body: KeyRotation,
    answers: { 201: KeyMade },
    secret: true,
    handle: rotate,
  }),
  acts({
    method: 'DELETE',
    path: '/keys/:keyId',
    does: 'Revokes a key.',
    answers: { 204: Nothing },
    action: 'keys.manage',
    async handle({ ctx, workspace, params, nowMs, afterCommit }) {
      const keyId = params['keyId']!;
      return async (tx) => {
        const owner = { workspaceId: workspace.id };
        const key = (await listKeys(tx, { owner })).find((one) => one.keyId === keyId);
        if (!key) return missing('key');
        const revoked = await revokeKey(tx, { owner, door: key.door, keyId, nowMs });
        if (isFault(revoked)) return revoked;
        afterCommit(() => ctx.keyring.forgetKey(key.door, keyId));
        return { status: 204, body: undefined, audit: { action: 'key.revoke', subject: `key:${keyId}` } };
      };
    },
  }),
];

async function rotate(call: Call<Static<typeof KeyRotation>>) {
  const { ctx, body, workspace, params, nowMs, afterCommit } = call;
  const { oldLastsMs } = body;
  return async (tx: Tx) => {
    const made = await rotateKey(tx, ctx, {
      workspaceId: workspace.id,
      keyId: params['keyId']!,
      oldLastsMs,
      nowMs,
    });
    if (isFault(made)) return made;
    const { door, keyId, name, scopes, expiresMs } = made.old;
    // Whoever has its successor has its role.
    const role = checkRole(call, door, door === 'console' ? (scopes[0] as Role) : undefined);
    if (isFault(role)) return role;
    afterCommit(() => ctx.keyring.forgetKey(door, keyId));
    return {
      status: 201 as const,
      body: { ...present(made.key), secret: made.secret, token: made.token },
      audit: {
        action: 'key.rotate',
        subject: `key:${keyId}`,
        detail: { door, name, by: made.key.keyId, endsAt: timeText(expiresMs) },
      },
    };
  };
}

/** The role of a new console key: needed, and never above that of who makes it. */
function checkRole(call: Call<unknown>, door: string, role: Role | undefined): Role | undefined | Fault {
  if (door !== 'console')
    return role === undefined ? undefined : breaks('role', 'is for keys of the console only');
  if (role === undefined) return breaks('role', `is required for a key of the console: ${ROLES.join(', ')}`);
  const own = call.caller.roles.get(call.workspace.id)!;
  return ROLES.indexOf(role) < ROLES.indexOf(own)
    ? fault('forbidden', `role: must not be above your own, ${own}`, { field: 'role' })
    : role;
}

function present(
  { id, door, keyId, name, scopes, createdMs, expiresMs }: ApiKey,
  lastUsedMs?: number,
): KeyShown {
  return {
    id: toHex24(id),
    door,
    keyId,
    name,
    scopes,
    createdAt: timeText(createdMs),
    expiresAt: timeText(expiresMs),
    lastUsedAt: timeText(lastUsedMs),
  };
}
