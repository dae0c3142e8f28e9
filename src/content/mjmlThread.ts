/** The thread in which MJML becomes HTML (`mjml.ts`). Files are never included: what a caller sends must not read ours. */
import { servesApart, type Handed } from '../base/apartThread.ts';
import type { MadeOfMjml } from './mjml.ts';

type Mjml = (
  source: string,
  options: { validationLevel: 'soft'; ignoreIncludes: boolean },
) => Promise<{ html: string; errors: { line: number; message: string }[] }>;

// oxlint-disable-next-line typescript/no-unnecessary-type-assertion -- the library declares no types
const { default: mjml } = (await import('mjml' as string)) as { default: Mjml };

servesApart(async (source: string): Promise<Handed<MadeOfMjml>> => {
  try {
    const { html, errors } = await mjml(source, { validationLevel: 'soft', ignoreIncludes: true });
    return { value: { html, errors: errors.map(({ line, message }) => ({ line, message })) }, hand: [] };
  } catch (error) {
    return { value: { unreadable: (error as Error).message }, hand: [] };
  }
});
