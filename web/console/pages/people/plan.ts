/**
 * What somebody chose for an import that has not begun: kept by the browser under the import until it begins or is deleted, so that a reload
 * does not take it. The file stays as it was uploaded, so its columns are those that were chosen for.
 */
import { useState } from 'react';
import type { ImportPreviewShown } from '../../../../contract/doors/console/imports.ts';

type Target = ImportPreviewShown['columns'][number]['target'];
type Plan = {
  /** What a column is, by its header, where it was chosen by hand. */
  mapping: Record<string, Target>;
  country: string;
  listId: string;
  tags: string;
  setsOff: boolean;
};

const keyOf = (id: string) => `parley.import.${id}`;

/** The plan of an import, which changes part by part. */
export function usePlan(
  id: string,
  country: string,
): { plan: Plan; change: (some: Partial<Plan>) => void; forget: () => void } {
  const nothing: Plan = { mapping: {}, country, listId: '', tags: '', setsOff: false };
  const [plan, setPlan] = useState<Plan>(() => ({ ...nothing, ...kept(id) }));
  return {
    plan,
    change(some) {
      const next = { ...plan, ...some };
      setPlan(next);
      try {
        localStorage.setItem(keyOf(id), JSON.stringify(next));
      } catch {
        // Full, or forbidden: it is kept as long as the page is.
      }
    },
    forget() {
      dropPlan(id);
      setPlan(nothing);
    },
  };
}

/** Nothing of it is needed any more. */
export function dropPlan(id: string): void {
  try {
    localStorage.removeItem(keyOf(id));
  } catch {
    // Forbidden: then nothing was kept either.
  }
}

function kept(id: string): Partial<Plan> {
  try {
    const found = JSON.parse(localStorage.getItem(keyOf(id)) ?? 'null') as Partial<Plan> | null;
    return found ?? {};
  } catch {
    return {};
  }
}
