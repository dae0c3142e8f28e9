/** How far an import is, in a word. */
import type { ReactElement } from 'react';
import type { ImportShown } from '../../../../contract/doors/console/imports.ts';
import { State, type Tone } from '../../ui/basic.tsx';
import type { IconName } from '../../../shared/icons.tsx';

const WORDS: Record<ImportShown['state'], [Tone, IconName, string]> = {
  uploading: ['plain', 'clock', 'being sent'],
  ready: ['held', 'pause', 'waiting for you'],
  running: ['plain', 'clock', 'under way'],
  done: ['good', 'check', 'done'],
  failed: ['bad', 'cross', 'stopped'],
};

/** The word. */
export function ImportState({ of: { state } }: { of: ImportShown }): ReactElement {
  const [tone, icon, words] = WORDS[state];
  return (
    <State tone={tone} icon={icon}>
      {words}
    </State>
  );
}
