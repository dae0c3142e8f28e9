/** A phone that rings: answered, what is said is read along and keys are pressed; refused or hung up, it is quiet again. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type ReactElement } from 'react';
import { RINGS_MS, type DeviceMessageShown } from '../../contract/doors/console/simulator.ts';
import { call } from '../console/api/call.ts';
import { at, deviceQuery } from '../console/api/queries.ts';
import { toastError } from '../console/ui/toasts.tsx';
import { Icon } from '../shared/icons.tsx';
import { useNow } from '../shared/time.tsx';
import { shownOf } from './shown.ts';

/** A phone on a page is in somebody's hand; said again before it is forgotten, also by a page whose timers the browser slows down. */
const HOLD_AGAIN_MS = 20_000;
/** What a call is while nobody knows how it ends. */
const ONGOING: readonly (string | null | undefined)[] = [
  null,
  undefined,
  'queued',
  'held',
  'unknown',
  'accepted',
];
const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'];
/** Calls that were answered, refused or ended, while the page is there. */
const done = new Map<string, 'answered' | 'over'>();

type Props = {
  ws: string;
  address: string;
  messages: readonly DeviceMessageShown[];
  onAnswer: () => void;
};

/** The call that rings or is going on; nothing where there is none. */
export function Call({ ws, address, messages, onAnswer }: Props): ReactElement | null {
  const { last, rings, isOn, answer, refuse, end } = useLastCall(ws, address, messages, onAnswer);
  if (rings) return <Ringing address={address} call={last!} onAnswer={answer} onRefuse={refuse} />;
  if (!last || !isOn) return null;
  return (
    <div className="call" role="region" aria-label={`The call with ${address}`}>
      <p className="call-said" role="status">
        “{shownOf(last.content)}”
      </p>
      {last.content['gather'] ? <KeyPad ws={ws} address={address} /> : null}
      <div className="call-acts">
        <button type="button" className="chip" onClick={() => speak(shownOf(last.content))}>
          Speak it
        </button>
        <button type="button" className="call-no" onClick={end}>
          Hang up
        </button>
      </div>
    </div>
  );
}

/** A call that rings comes over whatever app is open; answered, the phone shows it. */
export function CallOver({
  ws,
  address,
  onAnswer,
}: Pick<Props, 'ws' | 'address' | 'onAnswer'>): ReactElement | null {
  const { data } = useQuery(deviceQuery(ws, 'voice', address));
  const { last, rings, answer, refuse } = useLastCall(ws, address, data?.messages ?? [], onAnswer);
  if (!rings) return null;
  return (
    <div className="call-over">
      <Ringing address={address} call={last!} onAnswer={answer} onRefuse={refuse} />
    </div>
  );
}

/** The last call to a phone: whether it rings or is going on, and what the person does with it. */
function useLastCall(
  ws: string,
  address: string,
  messages: readonly DeviceMessageShown[],
  onAnswer: () => void,
) {
  useHand(ws, address);
  const nowMs = useNow(1_000);
  const [, again] = useState(0);
  const last = messages.findLast(({ direction }) => direction === 'out');
  const state = last && done.get(last.id);
  const set = (id: string, to: 'answered' | 'over') => {
    done.set(id, to);
    again((n) => n + 1);
  };
  const tell = useMutation({
    mutationFn: ({ id, deed }: { id: string; deed: 'answer' | 'refuse' }) =>
      deed === 'answer'
        ? call('POST', at(ws, `/simulator/messages/${id}/answer`))
        : call('POST', at(ws, `/simulator/messages/${id}/refuse`)),
    // It has stopped ringing meanwhile: that is what there is to see.
    onError(error, { id }) {
      set(id, 'over');
      toastError(error);
    },
  });
  return {
    last,
    rings:
      last !== undefined &&
      state === undefined &&
      ONGOING.includes(last.state) &&
      nowMs - Date.parse(last.at) < RINGS_MS,
    isOn: state === 'answered',
    answer: () => {
      const { id } = last!;
      set(id, 'answered');
      tell.mutate({ id, deed: 'answer' });
      onAnswer();
    },
    refuse: () => {
      const { id } = last!;
      set(id, 'over');
      tell.mutate({ id, deed: 'refuse' });
    },
    end: () => set(last!.id, 'over'),
  };
}

/** While it is shown somebody has it in hand, so that what rings there waits for him. */
function useHand(ws: string, address: string): void {
  useEffect(() => {
    const hold = () => void call('PUT', at(ws, '/simulator/hand'), { body: { address } }).catch(() => {});
    hold();
    const timer = window.setInterval(hold, HOLD_AGAIN_MS);
    return () => window.clearInterval(timer);
  }, [ws, address]);
}

type RingingProps = { address: string; call: DeviceMessageShown; onAnswer: () => void; onRefuse: () => void };

function Ringing({ address, call: { content }, onAnswer, onRefuse }: RingingProps): ReactElement {
  return (
    <div className="call" role="alertdialog" aria-label={`A call for ${address}`}>
      <Icon name="call" size={32} />
      <strong>Incoming call</strong>
      <span className="muted">{typeof content['from'] === 'string' ? content['from'] : 'The company'}</span>
      <div className="call-acts">
        <button type="button" className="call-no" onClick={onRefuse}>
          Refuse
        </button>
        <button type="button" className="call-yes" onClick={onAnswer}>
          Answer
        </button>
      </div>
    </div>
  );
}

function speak(text: string): void {
  window.speechSynthesis?.cancel();
  window.speechSynthesis?.speak(new SpeechSynthesisUtterance(text));
}

function KeyPad({ ws, address }: { ws: string; address: string }): ReactElement {
  const client = useQueryClient();
  const press = useMutation({
    mutationFn: (keys: string) => call('POST', at(ws, '/simulator/press'), { body: { address, keys } }),
    onSuccess: () => client.invalidateQueries({ queryKey: [ws, 'device', 'voice', address] }),
    onError: toastError,
  });
  return (
    <div className="key-pad" role="group" aria-label="Key pad">
      {KEYS.map((key) => (
        <button key={key} type="button" onClick={() => press.mutate(key)}>
          {key}
        </button>
      ))}
    </div>
  );
}
