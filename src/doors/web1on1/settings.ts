/** A workspace's settings as this door shows them, parsed once into a type. What is not well formed counts as absent. */
import { onceFor } from '../../base/once.ts';
import { LANGUAGE } from '../../threads/participants.ts';

/** What an organization is set to. */
type OrganizationSettings = {
  /** The picture of those who speak for it; empty until it is set. */
  avatarUrl: string;
  /** The organization above it (api/web1on1.md §B.3). */
  parent: string | undefined;
  /** W18. */
  language: string;
  linkDomain: string | null;
};

/** The settings. */
export const organizationSettings = onceFor(
  (settings: Readonly<Record<string, unknown>>): OrganizationSettings => {
    const language = textOf(settings['language']);
    return {
      avatarUrl: textOf(settings['avatarUrl']) ?? '',
      parent: textOf(settings['parentOrganization']),
      language: language !== undefined && LANGUAGE.test(language) ? language : 'en',
      linkDomain: textOf(settings['linkDomain']) ?? null,
    };
  },
);

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
