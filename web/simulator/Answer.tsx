/** What a person says from a device: it goes the way that providers tell of it. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent, type ReactElement } from 'react';
import { call } from '../console/api/call.ts';
import { at } from '../console/api/queries.ts';
import { toastError } from '../console/ui/toasts.tsx';
import { Icon } from '../shared/icons.tsx';
import type { Address } from './Simulator.tsx';

type Props = { ws: string; device: Address };

type Reply = {
  text: string;
  payload?: string;
  subject?: string;
  asReplyTo?: string;
  location?: { lat: number; long: number; name: string };
};

/** Where everybody is who is made up. */
const HERE = { lat: 52.0907, long: 5.1214, name: 'Utrecht' };

/** Says something. */
export function useReply(ws: string, { channel, address, integrationId }: Address) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (reply: Reply) =>
      call('POST', at(ws, '/simulator/reply'), {
        body: { channel, address, ...(integrationId === null ? {} : { integrationId }), ...reply },
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: [ws, 'device', channel, address] }),
    onError: toastError,
  });
}

/** The field to answer in. */
export function Answer({ ws, device, subject }: Props & { subject?: string }): ReactElement {
  const [text, setText] = useState('');
  const reply = useReply(ws, device);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim())
      reply.mutate(
        { text: text.trim(), ...(subject === undefined ? {} : { subject: `Re: ${subject}` }) },
        { onSuccess: () => setText('') },
      );
  };
  return (
    <form className="phone-answer" onSubmit={submit}>
      <input
        aria-label={`Answer as ${device.address}`}
        placeholder="Answer as this person …"
        value={text}
        onChange={({ currentTarget: { value } }) => setText(value)}
      />
      <button type="submit" aria-label="Send the answer" disabled={reply.isPending}>
        <Icon name="send" size={18} />
      </button>
      {device.channel === 'sms' ? (
        <button type="button" className="chip" onClick={() => reply.mutate({ text: 'STOP' })}>
          STOP
        </button>
      ) : null}
      {device.channel === 'whatsapp' ? (
        <button type="button" className="chip" onClick={() => reply.mutate({ text: '', location: HERE })}>
          Send a place
        </button>
      ) : null}
    </form>
  );
}
