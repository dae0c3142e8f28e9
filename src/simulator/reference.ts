/** The simulator's addresses as a table for the documents. */
import { MAGIC_ADDRESSES } from './outcomes.ts';

/** A Markdown table of the addresses that make a simulated provider misbehave. */
export function magicReference(): string {
  const rows = MAGIC_ADDRESSES.map(
    ({ outcome, phone, mail, infix, means }) =>
      `| \`${outcome}\` | \`${phone}\` | \`${mail}\` | \`…${infix}\` | ${means} |`,
  );
  return [
    '| outcome | phone | mail | token or other address | what happens |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}
