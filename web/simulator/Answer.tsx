/** What a person says from a device: it goes the way that providers tell of it. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState, type FormEvent, type ReactElement } from 'react';
import type { FileKept } from '../../contract/doors/console/files.ts';
import { MOST_FILE_BYTES } from '../../contract/limits.ts';
import { call } from '../console/api/call.ts';
import { at } from '../console/api/queries.ts';
import { upload } from '../console/api/upload.ts';
import { toastError } from '../console/ui/toasts.tsx';
import { Icon } from '../shared/icons.tsx';
import type { Address } from './Simulator.tsx';

type Props = { ws: string; device: Address };

type Reply = {
  text: string;
  payload?: string;
  subject?: string;
  asReplyTo?: string;
  media?: FileKept[];
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
  const about = subject === undefined ? {} : { subject: `Re: ${subject}` };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim()) reply.mutate({ text: text.trim(), ...about }, { onSuccess: () => setText('') });
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
      <SendFiles
        ws={ws}
        isBusy={reply.isPending}
        onKept={(media) =>
          reply.mutate({ text: text.trim(), media, ...about }, { onSuccess: () => setText('') })
        }
      />
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

/** As many as a message can have. */
const MOST_FILES = 10;

type SendFilesProps = { ws: string; isBusy: boolean; onKept: (media: FileKept[]) => void };

/** Pictures or files from the phone: kept where providers keep them, then said with what is written. */
function SendFiles({ ws, isBusy, onKept }: SendFilesProps): ReactElement {
  const input = useRef<HTMLInputElement>(null);
  const keep = useMutation({
    mutationFn: async (files: readonly File[]) => {
      if (files.length > MOST_FILES) throw new Error(`A message has at most ${MOST_FILES} files.`);
      const large = files.find(({ size }) => size > MOST_FILE_BYTES);
      if (large) throw new Error(`${large.name} has more than ${MOST_FILE_BYTES / 1024 / 1024} MB.`);
      return await Promise.all(files.map((file) => upload<FileKept>(at(ws, '/files'), file, () => {})));
    },
    onSuccess: onKept,
    onError: toastError,
  });
  return (
    <>
      <button
        type="button"
        className="chip"
        disabled={isBusy || keep.isPending}
        onClick={() => input.current?.click()}
      >
        Send a file
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label="Files from this device"
        onChange={({ currentTarget }) => {
          const files = [...(currentTarget.files ?? [])];
          if (files.length > 0) keep.mutate(files);
          currentTarget.value = '';
        }}
      />
    </>
  );
}
