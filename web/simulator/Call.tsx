/** A phone that rings: answered, what is said is read along and keys are pressed; refused or hung up, it is quiet again. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import type { DeviceMessageShown } from '../../contract/doors/console/simulator.ts';
import { call } from '../console/api/call.ts';
import { at } from '../console/api/queries.ts';
import { toastError } from '../console/ui/toasts.tsx';
import { Icon } from '../shared/icons.tsx';
import { useNow } from '../shared/time.tsx';
import { shownOf } from './shown.ts';

/** It rings so long. */
const RINGS_MS = 45_000;
const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'];
/** Calls that were answered, refused or ended, while the page is there. */
const done = new Map<string, 'answered' | 'over'>();

type Props = {
  ws: string;
  address: string;
  messages: readonly DeviceMessageShown[];
  onAnswer: (id: string) => void;
};

/** The call that rings or is going on; nothing where there is none. */
export function Call({ ws, address, messages, onAnswer }: Props): ReactElement | null {
  const nowMs = useNow(1_000);
  const [, again] = useState(0);
  const last = messages.findLast(({ direction }) => direction === 'out');
  const state = last && done.get(last.id);
  const rings = last !== undefined && state === undefined && nowMs - Date.parse(last.at) < RINGS_MS;
  const set = (to: 'answered' | 'over') => {
    done.set(last!.id, to);
    again((n) => n + 1);
    if (to === 'answered') onAnswer(last!.id);
  };
  if (!last || (!rings && state !== 'answered')) return null;
  if (rings)
    return (
      <div className="call" role="alertdialog" aria-label={`A call for ${address}`}>
        <Icon name="call" size={32} />
        <strong>Incoming call</strong>
        <span className="muted">
          {typeof last.content['from'] === 'string' ? last.content['from'] : 'The company'}
        </span>
        <div className="call-acts">
          <button type="button" className="call-no" onClick={() => set('over')}>
            Refuse
          </button>
          <button type="button" className="call-yes" onClick={() => set('answered')}>
            Answer
          </button>
        </div>
      </div>
    );
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
        <button type="button" className="call-no" onClick={() => set('over')}>
          Hang up
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
