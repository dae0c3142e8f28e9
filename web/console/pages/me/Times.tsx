/** In which zone and by which locale one reads times. */
import { Button, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId, useState, type FormEvent, type ReactElement } from 'react';
import type { MePatch } from '../../../../contract/doors/console/sessions.ts';
import { exactText, useNow } from '../../../shared/time.tsx';
import { readerZone, setReader } from '../../../shared/reader.ts';
import { ApiFault, call } from '../../api/call.ts';
import { bootstrapQuery } from '../../api/queries.ts';
import { messageOf } from '../../ui/states.tsx';
import { toast } from '../../ui/toasts.tsx';

/** Some to choose from; any other may be written. */
const LOCALES = [
  'en-GB',
  'en-US',
  'nl-NL',
  'nl-BE',
  'de-DE',
  'fr-FR',
  'es-ES',
  'it-IT',
  'pt-BR',
  'pl-PL',
  'ja-JP',
];

/** The two, as they are kept; nothing where they are the browser's. */
export function Times({ zone, locale }: { zone: string; locale: string }): ReactElement {
  setReader({ timeZone: zone || undefined, locale: locale || undefined });
  const nowMs = useNow();
  const zones = useId();
  const locales = useId();
  const [timeZone, setZone] = useState(zone);
  const [given, setLocale] = useState(locale);
  const client = useQueryClient();
  const to = { timeZone: timeZone.trim() || null, locale: given.trim() || null };
  const change = useMutation({
    mutationFn: () => call('PATCH', '/me', { body: to satisfies MePatch }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: bootstrapQuery.queryKey });
      toast('Times are told so from now on.');
    },
  });
  const faultOf = (field: string) =>
    change.error instanceof ApiFault && change.error.field === field ? messageOf(change.error) : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate();
  };
  return (
    <form className="own-form" onSubmit={submit}>
      <TextInput
        label="Time zone"
        description={zone ? undefined : `Nothing: the browser’s, which is ${readerZone()}.`}
        list={zones}
        value={timeZone}
        maxLength={64}
        error={faultOf('timeZone')}
        onChange={(event) => setZone(event.currentTarget.value)}
      />
      <datalist id={zones}>
        {Intl.supportedValuesOf('timeZone').map((one) => (
          <option key={one}>{one}</option>
        ))}
      </datalist>
      <TextInput
        label="Language and region of dates and numbers"
        list={locales}
        value={given}
        maxLength={35}
        error={faultOf('locale')}
        onChange={(event) => setLocale(event.currentTarget.value)}
      />
      <datalist id={locales}>
        {LOCALES.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </datalist>
      <p className="muted">It is {exactText(nowMs)}.</p>
      <Button
        type="submit"
        variant="default"
        loading={change.isPending}
        disabled={(to.timeZone ?? '') === zone && (to.locale ?? '') === locale}
      >
        Save how times are told
      </Button>
    </form>
  );
}
