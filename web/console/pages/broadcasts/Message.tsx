/** Step 1: what is said, and on which channel; beside it how it looks there. */
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { CHANNELS, MESSAGE_CLASSES } from '../../../../contract/channels.ts';
import { channelName } from '../../../shared/icons.tsx';
import { Preview } from '../../preview/Preview.tsx';
import { useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { ContentEditor } from '../../preview/ContentEditor.tsx';
import type { Draft } from './draft.ts';
import { integrationsQuery } from '../channels/queries.ts';
import type { Broadcast } from './queries.ts';

const CLASS_MEANS: Readonly<Record<Broadcast['class'], string>> = {
  marketing: 'Only to people who have not said no; quiet hours and caps hold.',
  transactional: 'About something they did: an order, an appointment.',
  authentication: 'A code to sign in.',
};

/** The step. */
export function MessageStep({
  ws,
  draft,
  next,
}: {
  ws: string;
  draft: Draft;
  next: () => void;
}): ReactElement {
  const { fields, saving, change, turn } = draft;
  const may = useMay('broadcasts.write');
  return (
    <div className="compose">
      <section className="compose-form" aria-label="Message">
        {may === true ? null : <p className="muted">{may}</p>}
        <fieldset disabled={may !== true}>
          <label className="field">
            Name
            <input
              value={fields.name}
              maxLength={200}
              onChange={({ currentTarget: { value } }) => change({ name: value })}
            />
          </label>
          <div className="field-row">
            <label className="field">
              Channel
              <select
                value={fields.channel}
                onChange={({ currentTarget: { value } }) =>
                  change({ channel: value as Broadcast['channel'], integrationId: null })
                }
              >
                {CHANNELS.map((channel) => (
                  <option key={channel} value={channel}>
                    {channelName(channel)}
                  </option>
                ))}
              </select>
            </label>
            <Through ws={ws} draft={draft} />
            <label className="field">
              Purpose
              <select
                value={fields.class}
                aria-describedby="class-means"
                onChange={({ currentTarget: { value } }) => change({ class: value as Broadcast['class'] })}
              >
                {MESSAGE_CLASSES.map((one) => (
                  <option key={one} value={one}>
                    {one}
                  </option>
                ))}
              </select>
            </label>
          </div>
          <p id="class-means" className="muted">
            {CLASS_MEANS[fields.class]}
          </p>
          <ContentEditor
            key={`${fields.channel} ${turn}`}
            ws={ws}
            channel={fields.channel}
            content={fields.content}
            onContent={(content) => change({ content: content as Broadcast['content'] })}
          />
        </fieldset>
        {saving.kind === 'not saved' ? <p className="fault">{saving.why}</p> : null}
        <div className="card-acts">
          <Act onAct={next} variant="filled">
            Next: audience
          </Act>
        </div>
      </section>
      <Preview ws={ws} content={fields.content} channel={fields.channel} />
    </div>
  );
}

/** By which account at which provider; by itself the first that is on. */
function Through({ ws, draft: { fields, change } }: { ws: string; draft: Draft }): ReactElement | null {
  const { data } = useQuery(integrationsQuery(ws));
  const able = data?.integrations.filter(({ channel }) => channel === fields.channel) ?? [];
  if (able.length < 2) return null;
  return (
    <label className="field">
      Through
      <select
        value={fields.integrationId ?? ''}
        onChange={({ currentTarget: { value } }) => change({ integrationId: value || null })}
      >
        <option value="">any that is on</option>
        {able.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
