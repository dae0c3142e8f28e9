/**
 * Phone numbers looked up: their form in E.164, what their range tells, whose they are here, and what a provider says of
 * them when one is named. Keeps nothing: what a provider says is true today.
 */
import { providerCall } from '../kit/providerCall.ts';
import type { Static } from 'typebox';
import {
  type NotANumber,
  NumbersAsked,
  type NumberShown,
  NumbersTold,
  type ProviderSays,
} from '../../../contract/doors/console/numbers.ts';
import { mayConsole } from '../../accounts/authenticate.ts';
import type { Integration } from '../../accounts/integrations.ts';
import { breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import type { Adapter, KnownNumber, NumberLookUp } from '../../channels/adapter.ts';
import { findContactIds } from '../../contacts/contacts.ts';
import {
  lineOf,
  nationalForm,
  normalisePhone,
  takesTexts,
  type PhoneLine,
  type Phone,
} from '../../content/phone.ts';
import { createTurns } from '../../base/turns.ts';
import { isCountry } from './people/importInput.ts';
import { idOf, idText, missing, writes, type Call, type Route, type Work } from './route.ts';

type Asked = Call<Static<typeof NumbersAsked>>;

/** `…/numbers/lookup`. */
export const numberRoutes: readonly Route[] = [
  writes({
    path: '/numbers/lookup',
    does: 'What can be known of phone numbers: their form, their line, whose they are here, and what a provider says.',
    action: 'contacts.read',
    body: NumbersAsked,
    answers: { 200: NumbersTold },
    handle: lookUp,
  }),
];

/** Calls to the provider at a time, of one request. */
const MOST_AT_ONCE = 10;

async function lookUp(call: Asked): Promise<Work<200, NumbersTold> | Fault> {
  const { number, numbers, country = call.workspace.country } = call.body;
  if ((number === undefined) === (numbers === undefined))
    return breaks('number', 'exactly one of number and numbers must be given');
  if (!isCountry(country))
    return breaks('country', 'must be an ISO 3166-1 country code of two capital letters, such as US');
  const provider = await providerOf(call);
  if (isFault(provider)) return provider;
  const given = numbers ?? [number!];
  const read = given.map((text, at) =>
    normalisePhone(text, { path: numbers ? `numbers[${at}]` : 'number', defaultCountry: country }),
  );
  if (number !== undefined && isFault(read[0])) return read[0];
  const told = await tell(call, provider, given, read);
  const audit = {
    action: 'number.lookup',
    detail: {
      numbers: given.length,
      ...(provider ? { integrationId: idText(provider.integration.id) } : {}),
    },
  };
  // The provider was asked before the transaction: what holds one must not wait for somebody else's server.
  const body = numbers ? { numbers: told } : (told[0] as NumberShown);
  return async () => ({ status: 200, body, audit });
}

type Provider = { integration: Integration; ask(number: string): Promise<NumberLookUp> };

/** The integration that is named, ready to be asked; undefined when none is. */
async function providerOf(call: Asked): Promise<Provider | Fault | undefined> {
  const { ctx, workspace, caller, body } = call;
  if (body.integrationId === undefined) return undefined;
  // Providers charge for it, as for a message.
  const allowed = mayConsole(caller, workspace.id, 'messages.send');
  if (isFault(allowed)) return allowed;
  const integration = await ctx.directory.integration(idOf(body.integrationId));
  if (integration?.workspaceId !== workspace.id) return missing('integration', 'integrationId');
  if (integration.status === 'inactive')
    return fault('unprocessable', 'integrationId: is switched off; switch it on first', {
      field: 'integrationId',
    });
  const adapter = ctx.adapters[integration.provider];
  if (!adapter?.lookUpNumber)
    return breaks('integrationId', `${integration.provider} cannot be asked about numbers`);
  return { integration, ask: askerOf(call, adapter, integration) };
}

/** A test workspace reaches no provider: its senders are simulated, and so is what they know. */
function askerOf({ ctx, workspace }: Asked, adapter: Adapter, integration: Integration): Provider['ask'] {
  if (workspace.environment === 'test')
    return (number) => Promise.resolve(ctx.simulator.lookUpNumber(adapter, number));
  const tools = providerCall(ctx);
  return (number) => adapter.lookUpNumber!(integration.settings, tools, number);
}

/** What is known of each number, in their order. */
async function tell(
  { ctx, workspace }: Asked,
  provider: Provider | undefined,
  given: readonly string[],
  read: readonly (Phone | Fault)[],
): Promise<(NumberShown | NotANumber)[]> {
  const distinct = [...new Set(read.flatMap((phone) => (isFault(phone) ? [] : [phone.e164])))];
  const turns = createTurns(MOST_AT_ONCE);
  const [owners, answers] = await Promise.all([
    findContactIds(
      ctx.sql,
      workspace.id,
      distinct.map((value) => ({ kind: 'phone', value })),
    ),
    provider ? Promise.all(distinct.map((number) => turns(() => provider.ask(number)))) : [],
  ]);
  const place = new Map(distinct.map((number, at) => [number, at]));
  return read.map((phone, index) => {
    const text = given[index]!;
    if (isFault(phone))
      return { given: text, valid: false, error: { message: phone.message, ...fieldOf(phone) } };
    const at = place.get(phone.e164)!;
    return { given: text, ...presentNumber(phone, owners[at], provider, answers[at]) };
  });
}

function fieldOf({ field }: Fault): { field?: string } {
  return field === undefined ? {} : { field };
}

function presentNumber(
  phone: Phone,
  contactId: number | undefined,
  provider: Provider | undefined,
  answer: NumberLookUp | undefined,
): Omit<NumberShown, 'given'> {
  const line = lineOf(phone);
  return {
    number: phone.e164,
    national: nationalForm(phone.e164),
    country: line.country ?? null,
    type: line.type ?? 'unknown',
    valid: line.valid,
    canReceiveSms: receivesTexts(line, answer?.kind === 'found' ? answer : undefined) ?? null,
    contactId: idText(contactId),
    provider: answer ? presentAnswer(answer, idText(provider?.integration.id)) : null,
  };
}

/** The provider's word goes before the range's: a number may have been taken along to another kind of line. */
function receivesTexts(line: PhoneLine, found: KnownNumber | undefined): boolean | undefined {
  if (found) return found.valid ? takesTexts(found.lineType ?? line.type) : false;
  return line.valid ? takesTexts(line.type) : undefined;
}

function presentAnswer(answer: NumberLookUp, integrationId: string | null): ProviderSays {
  if (answer.kind === 'found') {
    const { kind, valid, country, lineType, carrier, network, ported } = answer;
    return {
      integrationId,
      outcome: kind,
      valid,
      country: country ?? null,
      type: lineType ?? 'unknown',
      carrier: carrier ?? null,
      network: network ?? null,
      ported: ported ?? null,
    };
  }
  const { kind, code, class: meaning, detail } = answer;
  const retryAfterMs = answer.kind === 'deferred' ? (answer.retryAfterMs ?? null) : null;
  return { integrationId, outcome: kind, class: meaning, code, detail, retryAfterMs };
}
