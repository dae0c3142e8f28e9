/** The pages of people, as one goes from one to another. */
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';

const PLACES = {
  people: 'Everybody',
  lists: 'Lists',
  tags: 'Tags',
  audiences: 'Audiences',
  imports: 'Import',
  exports: 'Export',
  changes: 'Changes',
} as const;

/** Links to all of them. */
export function Places({ ws, here }: { ws: string; here: keyof typeof PLACES }): ReactElement {
  const hrefOf = (place: string) => {
    if (place === 'people') return `/w/${ws}/people`;
    return place === 'lists' || place === 'tags'
      ? `/w/${ws}/people/sets/${place}`
      : `/w/${ws}/people/${place}`;
  };
  return (
    <nav className="kinds" aria-label="Pages of people">
      {Object.entries(PLACES).map(([place, words]) => (
        <Link
          key={place}
          className="chip"
          to={hrefOf(place)}
          // Everybody's address begins those of all the others.
          activeOptions={{ exact: true }}
          aria-current={place === here ? 'page' : undefined}
        >
          {words}
        </Link>
      ))}
    </nav>
  );
}
