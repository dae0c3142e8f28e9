/**
 * What is written of a campaign, as its file. It saves itself as a draft, and what is wrong with it is said where it is written; nothing of it
 * runs until it is published.
 */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, useSyncExternalStore, type ReactElement } from 'react';
import { ApiFault, call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { selfSaving } from '../../forms/selfSaving.ts';
import { useMay } from '../../shell/session.ts';
import { Conflict } from '../../ui/Conflict.tsx';
import { Failed, Waiting } from '../../ui/states.tsx';
import { campaignQuery, fileQuery, unsavedKey, type Campaign, type Listed } from './queries.ts';

type Props = { ws: string; campaign: Campaign };
type Written = { revision: number; file: string };

/** The part. */
export function File({ ws, campaign }: Props): ReactElement {
  const { data, error, refetch } = useQuery(fileQuery(ws, campaign.id));
  // Others change it, and it is published or taken back beside this: the campaign is looked at anyhow.
  const { revision } = campaign;
  useEffect(() => {
    if (data && revision > data.revision) void refetch();
  }, [data, revision, refetch]);
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={6} />;
  return <Editor ws={ws} campaign={campaign} file={data} />;
}

function useFile(ws: string, { id, key }: Campaign, file: Written) {
  const client = useQueryClient();
  const [draft] = useState(() =>
    selfSaving<Pick<Written, 'file'>, Written>({
      first: file,
      fieldsOf: ({ file: text }) => ({ file: text }),
      async save({ file: text = '' }, revision) {
        const named = /^(?:key|"key"|'key')\s*:\s*["']?([^\s"'#]*)/m.exec(text)?.[1];
        // Under another key it would be another campaign, of which this page would say nothing.
        if (named !== undefined && named !== key)
          throw new ApiFault({
            status: 422,
            code: 'key',
            message: `key: must stay ${key}; another key is another campaign`,
          });
        const body = { file: text };
        const made = await call<Listed>('POST', at(ws, '/campaigns'), { body, revision });
        client.setQueryData(campaignQuery(ws, id).queryKey, (before) => before && { ...before, ...made });
        void client.invalidateQueries({ queryKey: [ws, 'campaigns'] });
        const saved = { revision: made.revision, file: text };
        client.setQueryData(fileQuery(ws, id).queryKey, saved);
        return saved;
      },
      async read() {
        // Its name, and whether there is a draft, are another's too.
        void client.invalidateQueries({ queryKey: campaignQuery(ws, id).queryKey, exact: true });
        return await client.fetchQuery({ ...fileQuery(ws, id), staleTime: 0 });
      },
      store: localStorage,
      key: unsavedKey(id),
      later: (act, ms) => window.setTimeout(act, ms),
      never: (timer) => window.clearTimeout(timer),
    }),
  );
  useEffect(() => draft.flush, [draft]);
  useEffect(() => draft.see(file), [draft, file]);
  return { ...useSyncExternalStore(draft.watch, draft.now), ...draft };
}

function Editor({ ws, campaign, file }: Props & { file: Written }): ReactElement {
  const may = useMay('campaigns.write');
  const { fields, saving, change, choose } = useFile(ws, campaign, file);
  const isOver = campaign.state === 'ended';
  const why = may !== true ? may : isOver ? 'It has ended, and stays as it was.' : undefined;
  const isRunning = campaign.state === 'active' || campaign.state === 'paused';
  return (
    <div className="results">
      {saving.kind === 'conflict' ? (
        <Conflict what="campaign" onMine={() => choose('mine')} onTheirs={() => choose('theirs')}>
          Your text is kept here until you choose.
        </Conflict>
      ) : null}
      <section className="panel" aria-label="What is written">
        <div className="field-top">
          <label htmlFor="campaign-file">
            <strong>Its file</strong>
          </label>
          <span className={saving.kind === 'not saved' ? 'fault' : 'muted'} role="status">
            {why !== undefined || !(campaign.hasDraft || saving.kind !== 'saved')
              ? ''
              : saving.kind === 'saved'
                ? 'Draft saved'
                : saving.kind === 'saving'
                  ? 'Saving …'
                  : 'Not saved'}
          </span>
        </div>
        <div className="field">
          <textarea
            id="campaign-file"
            className="mono"
            rows={Math.min(40, Math.max(16, fields.file.split('\n').length + 1))}
            spellCheck={false}
            readOnly={why !== undefined}
            value={fields.file}
            aria-invalid={saving.kind === 'not saved' || undefined}
            aria-describedby="campaign-file-fault"
            onChange={({ currentTarget: { value } }) => change({ file: value })}
          />
        </div>
        <p id="campaign-file-fault" className="fault" role="alert">
          {saving.kind === 'not saved' ? saving.why : ''}
        </p>
        <p className="muted">
          {why ??
            (isRunning && !campaign.hasDraft
              ? `Version ${campaign.version ?? ''} runs. A change makes a draft of it; what runs goes on until that is published.`
              : 'A draft saves itself, and nothing of it runs until it is published. Comments are kept in files of yours, not here.')}
        </p>
      </section>
    </div>
  );
}
