/**
 * What is done to a campaign: published, paused, gone on with, ended, put aside. Each says before what becomes of those who are in it; what
 * cannot be had back is asked for twice.
 */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState, type ReactElement, type ReactNode } from 'react';
import { peopleText } from '../../../shared/counted.ts';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import {
  may,
  mayEnd,
  mayLetIn,
  mayPauseCampaign,
  mayPublish,
  mayResumeCampaign,
  type May,
} from '../../may.ts';
import { useHere } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { Dialog } from '../../ui/overlays.tsx';
import { Failed, messageOf, Waiting } from '../../ui/states.tsx';
import { toast } from '../../ui/toasts.tsx';
import { Choices } from './Choices.tsx';
import { LetIn, wayIn } from './LetIn.tsx';
import { Plan } from './Plan.tsx';
import { standingQuery, unsavedKey, type Campaign, type Listed } from './queries.ts';

type Props = { ws: string; campaign: Campaign };
type Verb = 'let in' | 'publish' | 'pause' | 'resume' | 'end' | 'drop';

/** The buttons, and what each asks. */
export function Steer({ ws, campaign }: Props): ReactElement {
  const { role } = useHere();
  const [open, setOpen] = useState<Verb>();
  const { state, hasDraft, archivedAt } = campaign;
  const isOver = state === 'ended';
  const close = () => setOpen(undefined);
  return (
    <div className="card-acts">
      {isOver ? <Aside ws={ws} campaign={campaign} isAside={archivedAt !== null} /> : null}
      {isOver ? null : (
        <>
          {state === 'draft' ? null : state === 'paused' ? (
            <Act icon="flow" may={mayResumeCampaign(role, campaign)} onAct={() => setOpen('resume')}>
              Resume …
            </Act>
          ) : null}
          {state === 'draft' || campaign.paused === 'all' ? null : (
            <Act icon="pause" may={mayPauseCampaign(role, campaign)} onAct={() => setOpen('pause')}>
              Pause …
            </Act>
          )}
          {state === 'draft' || wayIn(campaign) === undefined ? null : (
            <Act icon="people" may={mayLetIn(role, campaign)} onAct={() => setOpen('let in')}>
              Let people in …
            </Act>
          )}
          {state === 'draft' ? null : (
            <Act may={mayEnd(role, campaign)} onAct={() => setOpen('end')}>
              End …
            </Act>
          )}
          {hasDraft ? (
            <Act may={may(role, 'campaigns.write')} onAct={() => setOpen('drop')}>
              {state === 'draft' ? 'Delete …' : 'Take the draft back …'}
            </Act>
          ) : null}
          <Act variant="filled" may={mayPublish(role, campaign)} onAct={() => setOpen('publish')}>
            Publish …
          </Act>
        </>
      )}
      <Dialog title={open ? TITLES[open](campaign) : ''} opened={open !== undefined} onClose={close}>
        {open === 'let in' ? <LetIn ws={ws} campaign={campaign} onDone={close} /> : null}
        {open === 'publish' ? <Publish ws={ws} campaign={campaign} onDone={close} /> : null}
        {open === 'pause' ? <Pause ws={ws} campaign={campaign} onDone={close} /> : null}
        {open === 'resume' ? <Resume ws={ws} campaign={campaign} onDone={close} /> : null}
        {open === 'end' ? <End ws={ws} campaign={campaign} onDone={close} /> : null}
        {open === 'drop' ? <Drop ws={ws} campaign={campaign} onDone={close} /> : null}
      </Dialog>
    </div>
  );
}

const TITLES: Readonly<Record<Verb, (of: Campaign) => string>> = {
  'let in': ({ name }) => `Let people into ${name}`,
  publish: ({ name }) => `Publish ${name}`,
  pause: ({ name }) => `Pause ${name}`,
  resume: ({ name }) => `Go on with ${name}`,
  end: ({ name }) => `End ${name}`,
  drop: ({ name, state }) => (state === 'draft' ? `Delete ${name}` : `Take the draft of ${name} back`),
};

type Asked = Props & { onDone: () => void };

/** What was done is seen at once, here and in the list. */
function useSteering<T>({ ws, campaign, onDone }: Asked, run: (given: T) => Promise<Listed>, said: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: run,
    async onSuccess() {
      toast(said);
      onDone();
      await client.invalidateQueries({ queryKey: [ws, 'campaigns'] });
    },
    // Also where it was refused: somebody else may have done it.
    onSettled: () => client.invalidateQueries({ queryKey: [ws, 'campaign', campaign.id] }),
  });
}

function Publish(asked: Asked): ReactElement {
  const { ws, campaign } = asked;
  const { role } = useHere();
  const [people, setPeople] = useState<'move' | 'finish'>('move');
  const publish = useSteering(
    asked,
    () =>
      call<Listed>('POST', at(ws, `/campaigns/${campaign.id}/publish`), {
        body: { people },
        revision: campaign.revision,
      }),
    `${campaign.name} is published.`,
  );
  const isUnsaved = localStorage.getItem(unsavedKey(campaign.id)) !== null;
  const mayDo = mayPublish(role, campaign);
  return (
    <Form error={publish.error}>
      <Plan ws={ws} campaign={campaign} people={people} onPeople={setPeople} />
      <Act
        variant="filled"
        may={isUnsaved && mayDo === true ? 'What you wrote is not saved yet: look at its file.' : mayDo}
        busy={publish.isPending}
        onAct={() => publish.mutate()}
      >
        Publish it
      </Act>
    </Form>
  );
}

function Pause(asked: Asked): ReactElement {
  const { ws, campaign } = asked;
  const { role } = useHere();
  const isIn = campaign.paused === 'entering';
  const [what, setWhat] = useState<'entering' | 'all'>(isIn ? 'all' : 'entering');
  const pause = useSteering(
    asked,
    () => call<Listed>('POST', at(ws, `/campaigns/${campaign.id}/pause`), { body: { what } }),
    what === 'all' ? `${campaign.name} stands still.` : `Nobody enters ${campaign.name} any more.`,
  );
  return (
    <Form error={pause.error}>
      <Choices
        name="What is paused"
        all={[
          ...(isIn
            ? []
            : [['entering', 'Entering', 'Nobody else is let in; who is in it goes on.'] as const]),
          ['all', 'All of it', 'Nobody goes on either, and marketing that was let in waits unsent.'] as const,
        ]}
        chosen={what}
        onChosen={setWhat}
      />
      <Act
        variant="filled"
        may={mayPauseCampaign(role, campaign)}
        busy={pause.isPending}
        onAct={() => pause.mutate()}
      >
        Pause it
      </Act>
    </Form>
  );
}

function Resume(asked: Asked): ReactElement {
  const { ws, campaign } = asked;
  const { role } = useHere();
  const isAll = campaign.paused === 'all';
  const { data, error, refetch } = useQuery({ ...standingQuery(ws, campaign.id), enabled: isAll });
  const [mode, setMode] = useState<'shift' | 'catch_up'>('shift');
  const resume = useSteering(
    asked,
    () => call<Listed>('POST', at(ws, `/campaigns/${campaign.id}/resume`), { body: isAll ? { mode } : {} }),
    `${campaign.name} goes on.`,
  );
  const about = data?.exact === false ? 'About ' : '';
  return (
    <Form error={resume.error}>
      {campaign.note ? <p className="fault">{campaign.note}</p> : null}
      {isAll ? (
        <>
          {error && !data ? <Failed error={error} retry={() => void refetch()} /> : null}
          {!data && !error ? <Waiting rows={1} height={32} /> : null}
          {data ? (
            <p>
              {data.people === 0 ? 'Nobody' : `${about}${peopleText(data.people)}`}{' '}
              {data.people < 2 ? 'is' : 'are'} in it
              {data.people === 0
                ? '.'
                : data.overdue === 0
                  ? '; nothing fell due meanwhile.'
                  : `; for ${peopleText(data.overdue)} something fell due meanwhile.`}
            </p>
          ) : null}
          <Choices
            name="What was waited for"
            all={[
              [
                'shift',
                'Moves by the pause',
                'Who had two days left has two days left. Hours and dates stay.',
              ],
              [
                'catch_up',
                'Is caught up with',
                'What fell due is done now, spread over ten minutes; what is too late is not sent.',
              ],
            ]}
            chosen={mode}
            onChosen={setMode}
          />
        </>
      ) : (
        <p>People enter it again from now on. What they did meanwhile lets nobody in.</p>
      )}
      <Act
        variant="filled"
        may={mayResumeCampaign(role, campaign)}
        busy={resume.isPending}
        onAct={() => resume.mutate()}
      >
        Go on
      </Act>
    </Form>
  );
}

function End(asked: Asked): ReactElement {
  const { ws, campaign } = asked;
  const { role } = useHere();
  const { data } = useQuery(standingQuery(ws, campaign.id));
  const end = useSteering(
    asked,
    () => call<Listed>('POST', at(ws, `/campaigns/${campaign.id}/end`), { body: {} }),
    `${campaign.name} has ended.`,
  );
  return (
    <Form error={end.error}>
      <p>
        {data?.people === 0 ? (
          'Nobody is in it now; '
        ) : data ? (
          <>
            {data.exact ? '' : 'About '}
            <strong>{peopleText(data.people)}</strong> {data.people === 1 ? 'is' : 'are'} in it and{' '}
            {data.people === 1 ? 'leaves' : 'leave'} it at once;{' '}
          </>
        ) : (
          'Who is in it leaves it at once; '
        )}
        what it let in and is not on its way is taken back. It cannot be started again, and keeps its key. Its
        numbers stay. To stop it for a while, pause it.
      </p>
      <Act
        variant="filled"
        color="red"
        may={mayEnd(role, campaign)}
        busy={end.isPending}
        onAct={() => end.mutate()}
      >
        End it for good
      </Act>
    </Form>
  );
}

function Drop(asked: Asked): ReactElement {
  const { ws, campaign } = asked;
  const { role } = useHere();
  const navigate = useNavigate();
  const isAll = campaign.state === 'draft';
  const drop = useSteering(
    asked,
    async () => {
      const made = await call<Listed>('DELETE', at(ws, `/campaigns/${campaign.id}/draft`), {
        revision: campaign.revision,
      });
      // What was typed and never saved goes with it.
      localStorage.removeItem(unsavedKey(campaign.id));
      if (isAll) await navigate({ to: '/w/$ws/campaigns', params: { ws }, search: {} });
      return made;
    },
    isAll ? `${campaign.name} is deleted.` : 'The draft is taken back.',
  );
  return (
    <Form error={drop.error}>
      <p>
        {isAll
          ? 'It was never published, so nothing of it is left.'
          : 'What runs goes on as it is. What is written in the draft is gone.'}
      </p>
      <Act
        variant="filled"
        color="red"
        may={may(role, 'campaigns.write')}
        busy={drop.isPending}
        onAct={() => drop.mutate()}
      >
        {isAll ? 'Delete it' : 'Take it back'}
      </Act>
    </Form>
  );
}

function Aside({ ws, campaign, isAside }: Props & { isAside: boolean }): ReactElement {
  const { role } = useHere();
  const mayDo: May = may(role, 'campaigns.run');
  const turn = useSteering(
    { ws, campaign, onDone: () => {} },
    () =>
      isAside
        ? call<Listed>('POST', at(ws, `/campaigns/${campaign.id}/restore`), { body: {} })
        : call<Listed>('POST', at(ws, `/campaigns/${campaign.id}/archive`), { body: {} }),
    isAside ? 'It is back among those in use.' : 'It is put aside.',
  );
  return (
    <Act may={mayDo} busy={turn.isPending} onAct={() => turn.mutate()}>
      {isAside ? 'Take it back' : 'Put it aside'}
    </Act>
  );
}

function Form({ error, children }: { error: Error | null; children: ReactNode }): ReactElement {
  return (
    <div className="form">
      {children}
      {error ? (
        <p className="fault" role="alert">
          {messageOf(error)}
        </p>
      ) : null}
    </div>
  );
}
