/** `…/integrations/{id}/domain-check`: whether the domain that mail is sent from lets it be, as its name servers say now. */
import type { Static } from 'typebox';
import { DomainAsked, DomainChecked } from '../../../contract/doors/console/integrations.ts';
import { createAllowances } from '../../accounts/allowances.ts';
import { getIntegration } from '../../accounts/integrations.ts';
import { withTexts } from '../../base/dns.ts';
import { fault, type Fault } from '../../base/fault.ts';
import { checkDomain } from '../../channels/kit/mail/domain.ts';
import { asks, idIn, missing, type Call, type Route } from './route.ts';

/** Each takes some twenty look-ups; people press a button. */
const ALLOWED = { most: 20, windowMs: 10 * 60_000 };
/** All look-ups together. */
const DEADLINE_MS = 6_000;

/** The route. */
export const domainRoutes: readonly Route[] = [
  asks({
    path: '/integrations/:integrationId/domain-check',
    does: 'Looks up SPF, DKIM and DMARC of the domain that an integration sends mail from: what is there, and what should be.',
    action: 'integrations.manage',
    body: DomainAsked,
    answers: { 200: DomainChecked },
    handle: check,
  }),
];

async function check(
  call: Call<Static<typeof DomainAsked>>,
): Promise<{ status: 200; body: DomainChecked } | Fault> {
  const { ctx, workspace, body, nowMs } = call;
  const { sql, vault, clock, config } = ctx;
  const integration = await getIntegration(sql, vault, {
    workspaceId: workspace.id,
    id: idIn(call, 'integrationId'),
  });
  if (!integration) return missing('integration');
  const sendsAs = ctx.adapters[integration.provider]?.sendsAs?.(integration.settings);
  if (!sendsAs)
    return fault(
      'unprocessable',
      'This integration sends no mail, or its settings do not say from which domain.',
    );
  const allowances = createAllowances(sql, vault.lastingSecret);
  const waitMs = await allowances.take(`domain check|${workspace.id}`, ALLOWED, nowMs);
  if (waitMs > 0) {
    const retryAfterS = Math.ceil(waitMs / 1_000);
    return fault('rate_limited', 'The domain was looked up often enough; try again later.', { retryAfterS });
  }
  const records = await withTexts({ clock, servers: config.dnsServers, deadlineMs: DEADLINE_MS }, (lookUp) =>
    checkDomain(lookUp, sendsAs, body.selector?.toLowerCase()),
  );
  return {
    status: 200,
    body: {
      domain: sendsAs.from,
      records: records.map(({ isGood: good, ...record }) => ({ ...record, good })),
    },
  };
}
