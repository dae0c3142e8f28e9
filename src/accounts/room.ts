/** What this room declares. */
import type { Room } from '../db/room.ts';
import { sweepAllowances } from './allowances.ts';
import { sweepIdempotency } from './idempotency.ts';
import { sweepSessions } from './operators.ts';
import { sweepRequests } from './requests.ts';
import { sweepSignUps } from './signIn/signUps.ts';
import { sweepTold } from './toldOnce.ts';

/** Accounts. */
export const accountsRoom: Room = {
  name: 'accounts',
  personal: {
    idempotency: 'kept: answers to a caller’s own requests, for a day',
    told_once: 'hashes of what was told under an id, for a week',
    audit_log: 'kept: what operators did, by ids',
    workspaces: 'names nobody',
    operators: 'names nobody',
    memberships: 'names nobody',
    invitations: 'names operators only',
    sign_in_failures: 'a hash of an operator’s address, for as long as it counts',
    allowances: 'a keyed hash of a network, for as long as it counts',
    operator_sessions: 'names nobody',
    api_keys: 'names nobody',
    key_uses: 'names nobody',
    request_log: 'names nobody: routes, not addresses',
    'request_log.fault': 'kept for a week: what was wrong with a request, without addresses',
    integrations: 'names nobody',
    sign_ups: 'names who signs up, for a quarter of an hour',
    install: 'names nobody',
    password_links: 'names operators only, by a hash',
    sign_in_links: 'names operators only, by a hash',
    operator_identities: 'names operators only',
    provider_sign_ins: 'names nobody',
    workspace_removals: 'names nobody',
    workspace_keeping: 'names nobody',
    second_factors: 'names operators only',
  },
  kept: { audit_log: { sort: 'audit', by: 'id' } },
  parts: { key_uses: { column: 'key_id', of: 'api_keys', by: 'key_id' } },
  exports: {
    idempotency: { not: 'answers to a caller’s own requests, for a day' },
    told_once: { not: 'hashes' },
    audit_log: { not: 'what operators did, by ids: it is theirs' },
    request_log: { not: 'what was wrong with requests, without addresses' },
    sign_in_failures: { not: 'of operators' },
    allowances: { not: 'of networks' },
    password_links: { not: 'of operators' },
    sign_in_links: { not: 'of operators' },
    operator_identities: { not: 'of operators' },
    second_factors: { not: 'of operators' },
    invitations: { not: 'of operators' },
    sign_ups: { not: 'of operators to be' },
  },
  async sweep({ sql, nowMs }) {
    await sweepIdempotency(sql, nowMs);
    await sweepTold(sql, nowMs);
    await sweepSessions(sql, nowMs);
    await sweepAllowances(sql, nowMs);
    await sweepSignUps(sql, nowMs);
    await sweepRequests(sql, nowMs);
  },
};
