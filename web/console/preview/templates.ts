/** Templates, as pages ask for them. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type {
  TemplatePage,
  TemplateShown,
  TemplateVersionPage,
} from '../../../contract/doors/console/templates.ts';
import { call } from '../api/call.ts';
import { at } from '../api/queries.ts';

/** By name; those whose name holds a text. */
export const templatesQuery = (ws: string, q = '') =>
  infiniteQueryOptions({
    queryKey: [ws, 'templates', q] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      call<TemplatePage>(
        'GET',
        at(
          ws,
          `/templates?limit=50${q ? `&q=${encodeURIComponent(q)}` : ''}${pageParam ? `&after=${pageParam}` : ''}`,
        ),
        { signal },
      ),
    getNextPageParam: ({ next }) => next ?? undefined,
  });

/** One. */
export const templateQuery = (ws: string, id: string) =>
  queryOptions({
    queryKey: [ws, 'template', id] as const,
    queryFn: ({ signal }) => call<TemplateShown>('GET', at(ws, `/templates/${id}`), { signal }),
  });

/** What it said. */
export const versionsQuery = (ws: string, id: string) =>
  queryOptions({
    queryKey: [ws, 'template', id, 'versions'] as const,
    queryFn: ({ signal }) =>
      call<TemplateVersionPage>('GET', at(ws, `/templates/${id}/versions`), { signal }),
  });
