/** What is said of a button that one points at or comes to by keys: one place for all that have `data-tip`, fetched with the first of them. */
import { Suspense, useEffect, useId, useState, type ReactElement } from 'react';
import { onDemand } from './onDemand.ts';

const TipAt = onDemand(
  () => import('./TipAt.tsx'),
  ({ TipAt }) => TipAt,
);

/** Says it. Once, beside the pages. */
export function Tips(): ReactElement | null {
  const [{ target, text }, set] = useState<{ target?: HTMLElement; text?: string | undefined }>({});
  const [everShown, setEver] = useState(false);
  const id = useId();
  if (target && !everShown) setEver(true);
  useEffect(() => {
    const at = (element: HTMLElement | null | undefined) =>
      set(element ? { target: element, text: element.dataset['tip'] } : {});
    const over = ({ target: on, type }: Event) => {
      const found = on instanceof Element ? on.closest<HTMLElement>('[data-tip]') : null;
      if (type === 'pointerover' || found?.matches(':focus-visible')) at(found);
    };
    const out = () => at(undefined);
    // What is said of a button may change while one points at it.
    const observer = new MutationObserver((records) => {
      const [changed] = records
        .map((record) => record.target as HTMLElement)
        .filter((one) => one.matches(':hover'));
      if (changed) at(changed.dataset['tip'] === undefined ? undefined : changed);
    });
    observer.observe(document.body, { subtree: true, attributeFilter: ['data-tip'] });
    const escape = ({ key }: KeyboardEvent) => key === 'Escape' && out();
    document.addEventListener('pointerover', over);
    document.addEventListener('focusin', over);
    document.addEventListener('focusout', out);
    document.addEventListener('keydown', escape);
    return () => {
      observer.disconnect();
      document.removeEventListener('pointerover', over);
      document.removeEventListener('focusin', over);
      document.removeEventListener('focusout', out);
      document.removeEventListener('keydown', escape);
    };
  }, []);
  useEffect(() => {
    target?.setAttribute('aria-describedby', id);
    return () => target?.removeAttribute('aria-describedby');
  }, [target, id]);
  return everShown ? (
    <Suspense>
      <TipAt id={id} target={target} text={text} />
    </Suspense>
  ) : null;
}
