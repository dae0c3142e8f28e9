/**
 * Mails the codes by which somebody shows that an address is theirs: through the install's own mail where one is set, else through the
 * company's own, which can then read them. How many go out is bounded by address, network and company.
 */
import type { FastifyRequest } from 'fastify';
import { createAllowances } from '../../../accounts/allowances.ts';
import { CODE_MS, type ToMail } from '../../../accounts/signIn/signUps.ts';
import { fault, isFault, type Fault } from '../../../base/fault.ts';
import type { Client } from '../../../connect/clients.ts';
import { installMailing, mailingOf, mailTo, type Mailing } from '../../kit/accountMail.ts';
import type { HttpContext } from '../../kit/context.ts';
import { networkOf } from '../../../base/network.ts';

const HOUR_MS = 3600_000;
/** Mails in an hour. */
const MOST = { perAddress: 5, perNetwork: 30, perCompany: 2000 };

/** What mails codes: the install's own where one is set, else the company's. Undefined where neither can. */
export async function codesBy(ctx: HttpContext, client: Client): Promise<Mailing | undefined> {
  const own = await installMailing(ctx);
  if (isFault(own)) return undefined;
  return own ?? (await mailingOf(ctx, client.workspaceId));
}

/** The fault when too many codes were asked for; else it counts as one. */
export type Bounds = (client: Client, request: FastifyRequest, email: string) => Promise<Fault | undefined>;

/** The bounds of all processes. */
export function createBounds({ sql, vault, clock }: Pick<HttpContext, 'sql' | 'vault' | 'clock'>): Bounds {
  const allowances = createAllowances(sql, vault.lastingSecret);
  return async (client, request, email) => {
    // The narrowest first: what is refused of one address is not taken from others.
    const whose = [
      { who: `code|${email.trim().toLowerCase()}`, most: MOST.perAddress },
      { who: `codes|${networkOf(request.ip)}`, most: MOST.perNetwork },
      { who: `codes of|${client.workspaceId}`, most: MOST.perCompany },
    ];
    for (const { who, most } of whose) {
      const waitMs = await allowances.take(who, { most, windowMs: HOUR_MS }, clock.nowMs());
      if (waitMs > 0)
        return fault('rate_limited', 'Too many codes were asked for; try again later.', {
          retryAfterS: Math.ceil(waitMs / 1000),
        });
    }
    return undefined;
  };
}

/** Mails the code, or that there is an account already. Committed when it returns. */
export async function mailCode(ctx: HttpContext, client: Client, by: Mailing, mail: ToMail): Promise<void> {
  const { email, name, code } = mail;
  const minutes = Math.round(CODE_MS / 60_000);
  const said = {
    email,
    subject:
      code === undefined ? `Your account, and ${client.name}` : `${code} is your code for ${client.name}`,
    text:
      code === undefined
        ? `Hello ${name},\n\nsomebody wanted to sign up with this address to connect to ${client.name}. You have an account with it already: sign in on the same page.\n\nIf that was not you, you need do nothing.`
        : `Hello ${name},\n\nyour code is ${code}. It is good for ${minutes} minutes, in the window in which you asked for it.\n\nIf that was not you, you need do nothing: without the code nothing comes of it.`,
  };
  await ctx.queue.transact((tx) => mailTo(ctx, tx, by, said));
}
