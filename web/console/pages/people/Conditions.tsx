/** What a list of people is narrowed by: a chip for each condition, which is changed by pressing it, and taken away. */
import { Link } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import type { Rule } from '../../../../contract/campaign.ts';
import { MOST_CONDITIONS } from '../../paths.ts';
import { Act } from '../../ui/basic.tsx';
import { Dialog } from '../../ui/overlays.tsx';
import { ABOUT, isWhole, wordsOf } from './rule.ts';
import { Single } from './RuleEditor.tsx';

type Props = { ws: string; where: readonly Rule[]; onWhere: (where: Rule[]) => void };

/** The chips. */
export function Conditions({ ws, where, onWhere }: Props): ReactElement {
  // Which is being written: one that is there, or the one after them.
  const [at, setAt] = useState<number>();
  return (
    <>
      {where.map((rule, n) => (
        <span key={n} className="chip condition-chip">
          <button type="button" className="plain" onClick={() => setAt(n)}>
            {wordsOf(rule)}
          </button>
          <button
            type="button"
            className="plain"
            aria-label={`Without: ${wordsOf(rule)}`}
            onClick={() => onWhere(where.filter((_, i) => i !== n))}
          >
            ✕
          </button>
        </span>
      ))}
      {where.length < MOST_CONDITIONS ? (
        <button type="button" className="chip" onClick={() => setAt(where.length)}>
          + condition
        </button>
      ) : null}
      {where.length > 0 ? (
        <Link
          to="/w/$ws/people/audiences/$audience"
          params={{ ws, audience: 'new' }}
          search={{ rule: { all: [...where] } }}
        >
          As an audience
        </Link>
      ) : null}
      <Dialog
        title="Only people of whom this holds"
        opened={at !== undefined}
        onClose={() => setAt(undefined)}
      >
        {at === undefined ? null : (
          <One
            key={at}
            ws={ws}
            given={where[at]}
            onRule={(rule) => {
              setAt(undefined);
              onWhere([...where.slice(0, at), rule, ...where.slice(at + 1)]);
            }}
          />
        )}
      </Dialog>
    </>
  );
}

type OneProps = { ws: string; given: Rule | undefined; onRule: (rule: Rule) => void };

function One({ ws, given, onRule }: OneProps): ReactElement {
  const [rule, setRule] = useState<Rule>(given ?? ABOUT.attribute.first);
  const may = isWhole(rule) && isFilled(rule) ? true : 'Fill it in first.';
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (may === true) onRule(rule);
      }}
    >
      <Single ws={ws} rule={rule} onRule={setRule} name="1" />
      <div className="card-acts">
        <Act variant="filled" may={may} onAct={() => onRule(rule)}>
          Only these
        </Act>
      </div>
    </form>
  );
}

/** An attribute without a name asks for nothing, whatever it is to be. */
function isFilled(rule: Rule): boolean {
  return !('attribute' in rule) || rule.attribute !== '';
}
