/** Takes what a stored template says into what is being written. */
import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import type { Content } from '../../../contract/content.ts';
import { templatesQuery } from './templates.ts';

/** The choice; nothing where there is no template. */
export function TemplateChoice({
  ws,
  onChosen,
}: {
  ws: string;
  onChosen: (content: Content) => void;
}): ReactElement | null {
  const { data } = useInfiniteQuery(templatesQuery(ws));
  const all = data?.pages.flatMap(({ templates }) => templates) ?? [];
  if (all.length === 0) return null;
  return (
    <select
      aria-label="Take what a template says"
      value=""
      onChange={({ currentTarget: { value } }) => {
        const found = all.find(({ id }) => id === value);
        if (found) onChosen(found.content as Content);
      }}
    >
      <option value="">Use a template …</option>
      {all.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </select>
  );
}
