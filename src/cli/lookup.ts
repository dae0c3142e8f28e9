/** `parley lookup`: what is known of phone numbers. */
import { CommandFailure, say } from './failure.ts';
import { connect, type TargetFlags } from './target.ts';

type LookUpFlags = TargetFlags & { country?: string; integration?: string };
type LookedUp = {
  given: string;
  valid: boolean;
  error?: { message: string };
  number: string;
  national: string;
  country: string | null;
  type: string;
  canReceiveSms: boolean | null;
  contactId: string | null;
  provider: {
    outcome: string;
    type?: string;
    carrier?: string | null;
    ported?: boolean | null;
    code?: string;
    detail?: string;
  } | null;
};

/** Prints a line for each number, and one below it of what the provider says. */
export async function lookUp(numbers: readonly string[], flags: LookUpFlags): Promise<void> {
  const { api, base } = await connect(flags);
  const told = await api.post<{ numbers: LookedUp[] }>(`${base}/numbers/lookup`, {
    numbers,
    ...(flags.country === undefined ? {} : { country: flags.country }),
    ...(flags.integration === undefined ? {} : { integrationId: flags.integration }),
  });
  for (const one of told.numbers) {
    if (one.error) {
      say(`${one.given}: no phone number`);
      continue;
    }
    const { number, national, country, type, valid, canReceiveSms, contactId } = one;
    const texts =
      canReceiveSms === null ? 'text messages: not known' : `text messages: ${canReceiveSms ? 'yes' : 'no'}`;
    const range = valid ? type : `${type}, of no range that is in use`;
    say(`${number}  ${national}  ${country ?? '–'}  ${range}  ${texts}  ${contactId ?? 'no contact'}`);
    if (one.provider) say(`  the provider says: ${saidBy(one.provider)}`);
  }
  if (told.numbers.every(({ error }) => error)) throw new CommandFailure(told.numbers[0]!.error!.message);
}

function saidBy({ outcome, type, carrier, ported, code, detail }: NonNullable<LookedUp['provider']>): string {
  if (outcome !== 'found') return `nothing (${outcome}): ${detail} (${code})`;
  return [type, carrier, ported ? 'ported' : undefined].filter(Boolean).join(', ');
}
