/** Who is kept out of all campaigns of the workspace, so that what they change together can be told. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Static } from 'typebox';
import { useState, type ReactElement } from 'react';
import type { WorkspaceHoldout } from '../../../../contract/doors/console/campaigns.ts';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { messageOf } from '../../ui/states.tsx';
import { toast } from '../../ui/toasts.tsx';

type Share = Static<typeof WorkspaceHoldout>;

/** The panel. */
export function Outside({ ws }: { ws: string }): ReactElement | null {
  const may = useMay('campaigns.run');
  const client = useQueryClient();
  const queryKey = [ws, 'holdout'];
  const { data } = useQuery({
    queryKey,
    queryFn: ({ signal }) => call<Share>('GET', at(ws, '/holdout'), { signal }),
  });
  const [typed, setTyped] = useState<string>();
  const set = useMutation({
    mutationFn: (body: Share) => call<Share>('PUT', at(ws, '/holdout'), { body }),
    onSuccess(saved) {
      client.setQueryData(queryKey, saved);
      setTyped(undefined);
      toast(`${saved.share} are held out of all campaigns from now on.`);
    },
  });
  if (!data) return null;
  const share = typed ?? data.share;
  const asked = /^\d+([.,]\d+)?$/.test(share.trim()) ? `${share.trim().replace(',', '.')}%` : share.trim();
  return (
    <section className="panel" aria-label="Held out of all campaigns">
      <h2>Held out of all campaigns</h2>
      <p className="muted">
        These people get nothing of any marketing campaign, so that reports can tell what all of them change
        together. Another share begins a new comparison in every campaign; what was compared until then stays.
      </p>
      <form
        className="card-acts"
        onSubmit={(event) => {
          event.preventDefault();
          if (may === true && asked !== data.share) set.mutate({ share: asked });
        }}
      >
        <label className="field outside">
          Share of people
          <input
            value={share}
            disabled={may !== true}
            onChange={({ currentTarget: { value } }) => setTyped(value)}
          />
        </label>
        <Act
          may={may !== true ? may : asked !== data.share || 'It is this share already.'}
          busy={set.isPending}
          onAct={() => set.mutate({ share: asked })}
        >
          Begin a new comparison
        </Act>
      </form>
      {set.error ? (
        <p className="fault" role="alert">
          {messageOf(set.error)}
        </p>
      ) : null}
    </section>
  );
}
