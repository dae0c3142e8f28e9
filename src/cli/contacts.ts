/** `parley contacts`: what is kept about a person. */
import { writeFile } from 'node:fs/promises';
import { say } from './failure.ts';
import { connect, type TargetFlags } from './target.ts';

/** Prints everything that is kept about a contact as JSON, or writes it to a file that only its owner may read. */
export async function exportContact(id: string, flags: TargetFlags & { output?: string }): Promise<void> {
  const { api, base } = await connect(flags);
  const document = await api.get<object>(`${base}/contacts/${encodeURIComponent(id)}/export`);
  const text = JSON.stringify(document, null, 2);
  if (flags.output === undefined) return say(text);
  await writeFile(flags.output, `${text}\n`, { mode: 0o600 });
  say(`${flags.output} has it.`);
}
