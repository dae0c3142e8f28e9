/** A part of what is told of somebody that is fetched once it is opened; and a list in it that grows by pages and ends. */
import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import { useId, useState, type ReactElement, type ReactNode } from 'react';
import { Icon } from '../../../../shared/icons.tsx';
import { Failed, Waiting } from '../../../ui/states.tsx';
import '../../../styles/about.css';

/** What was opened stays open from one conversation to the next, while the page is there. */
const open = new Set<string>();

/** A heading that opens what is below it. */
export function Part({ name, children }: { name: string; children: ReactNode }): ReactElement {
  const [isOpen, setOpen] = useState(open.has(name));
  const id = useId();
  const turn = () => {
    if (isOpen) open.delete(name);
    else open.add(name);
    setOpen(!isOpen);
  };
  return (
    <section className="part">
      <h4>
        <button type="button" aria-expanded={isOpen} aria-controls={isOpen ? id : undefined} onClick={turn}>
          {name}
          <Icon name="down" size={16} />
        </button>
      </h4>
      {isOpen ? (
        <div id={id} role="region" aria-label={name}>
          {children}
        </div>
      ) : null}
    </section>
  );
}

/** Rows of a page, and how many pages are shown here: who wants more goes to the person's own page. */
export const PAGE = 10;
const MOST_PAGES = 10;

type GrowsProps<Page, Row> = {
  query: UseInfiniteQueryResult<InfiniteData<Page>>;
  rowsOf: (page: Page) => readonly Row[];
  none: string;
  children: (row: Row, n: number) => ReactNode;
};

/** The rows there are, with a button for more. */
export function Grows<Page, Row>({ query, rowsOf, none, children }: GrowsProps<Page, Row>): ReactElement {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = query;
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={3} height={36} />;
  const rows = data.pages.flatMap(rowsOf);
  if (rows.length === 0 && !hasNextPage) return <p className="muted">{none}</p>;
  return (
    <>
      <ol className="part-rows">{rows.map(children)}</ol>
      {error ? <Failed error={error} retry={() => void fetchNextPage()} /> : null}
      {hasNextPage && !error && data.pages.length < MOST_PAGES ? (
        <button
          type="button"
          className="chip"
          disabled={isFetchingNextPage}
          onClick={() => void fetchNextPage()}
        >
          More
        </button>
      ) : null}
      {hasNextPage && data.pages.length >= MOST_PAGES ? (
        <p className="muted">The rest is on their own page.</p>
      ) : null}
    </>
  );
}
