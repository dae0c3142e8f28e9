/** A tip at an element. Loaded by `Tips.tsx`, by nobody else. */
import { Tooltip } from '@mantine/core';
import type { ReactElement } from 'react';

/** The tip. */
export function TipAt({
  id,
  target,
  text,
}: {
  id: string;
  target: HTMLElement | undefined;
  text: string | undefined;
}): ReactElement | null {
  if (!target || text === undefined) return null;
  return <Tooltip id={id} role="tooltip" label={text} target={target} opened multiline maw={300} />;
}
