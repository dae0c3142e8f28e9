/** Settings of an integration, as its provider says what it takes. Secrets are written and never shown. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import type { IntegrationShown, ProviderShown } from '../../../../contract/doors/console/integrations.ts';
import { asSentence } from '../../../shared/counted.ts';
import { ApiFault, call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useMay } from '../../shell/session.ts';
import { toast } from '../../ui/toasts.tsx';

type Setting = ProviderShown['settings'][number];
type Schema = { type?: string; enum?: string[]; pattern?: string };
type Props = {
  ws: string;
  provider: ProviderShown;
  /** Undefined: it is to be made. */
  integration?: IntegrationShown;
  onMade?: (made: IntegrationShown) => void;
};

/** The form. */
export function SettingsForm({ ws, provider, integration, onMade }: Props): ReactElement {
  const may = useMay('integrations.manage');
  const client = useQueryClient();
  // What is not typed is as it is there, whoever changes it meanwhile.
  const [typed, setTyped] = useState<{ name?: string; rate?: string }>({});
  const name = typed.name ?? integration?.name ?? '';
  const rate = typed.rate ?? rateText(integration?.ratePerS);
  const [written, setWritten] = useState<Record<string, string>>({});
  const now = (setting: Setting) =>
    written[setting.name] ?? (setting.secret ? '' : textOf(integration?.settings[setting.name]));
  const save = useMutation({
    mutationFn: () => saved(ws, provider, integration, { name, rate, written }),
    onSuccess(made) {
      setWritten({});
      setTyped({});
      toast('Saved.');
      onMade?.(made);
    },
    onSettled: () => client.invalidateQueries({ queryKey: [ws] }),
  });
  const fault = save.error instanceof ApiFault ? save.error : undefined;
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (may === true) save.mutate();
      }}
    >
      <fieldset disabled={may !== true} className="form">
        <label className="field">
          Name
          <input
            value={name}
            onChange={({ currentTarget }) => setTyped({ ...typed, name: currentTarget.value })}
          />
        </label>
        {provider.settings.map((setting) => (
          <SettingField
            key={setting.name}
            setting={setting}
            isNew={!integration}
            value={now(setting)}
            fault={fault?.field?.endsWith(setting.name) ? fault.message : undefined}
            onValue={(value) => setWritten({ ...written, [setting.name]: value })}
          />
        ))}
        <label className="field">
          At most this many a second
          <input
            type="number"
            min={1}
            placeholder={provider.ratePerS ? String(provider.ratePerS) : 'any number'}
            value={rate}
            onChange={({ currentTarget }) => setTyped({ ...typed, rate: currentTarget.value })}
          />
        </label>
        {save.error ? (
          <p className="fault" role="alert">
            {save.error.message}
          </p>
        ) : null}
        <button type="submit" className="primary">
          {integration ? 'Save' : 'Create'}
        </button>
      </fieldset>
      {may === true ? null : <p className="muted">{may}</p>}
    </form>
  );
}

type FieldProps = {
  setting: Setting;
  isNew: boolean;
  value: string;
  fault: string | undefined;
  onValue: (value: string) => void;
};

function SettingField({ setting, isNew, value, fault, onValue }: FieldProps): ReactElement {
  const { name, means, secret, required } = setting;
  const schema = setting.schema as Schema;
  const isLong = schema.type === 'object' || (secret && /key|json|account|certificate/i.test(name));
  const hint = `${means}${schema.type === 'array' ? ' One per line.' : ''}`;
  const shared = {
    value,
    required: required && isNew,
    onChange: ({ currentTarget }: { currentTarget: { value: string } }) => onValue(currentTarget.value),
  };
  return (
    <label className="field">
      <span>
        {labelOf(name)}
        {required ? '' : <span className="muted"> optional</span>}
      </span>
      {schema.type === 'boolean' || schema.enum ? (
        <select value={value} onChange={shared.onChange}>
          <option value="">default</option>
          {(schema.enum ?? ['true', 'false']).map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      ) : schema.type === 'array' || isLong ? (
        <textarea rows={3} spellCheck={false} className="mono" {...shared} />
      ) : (
        <input
          type={secret ? 'password' : 'text'}
          autoComplete="off"
          placeholder={secret && !isNew ? 'stored; type to replace it' : ''}
          {...shared}
        />
      )}
      <span className="muted">{hint}</span>
      {fault ? <span className="fault">{fault}</span> : null}
    </label>
  );
}

const CAPITALS = new Set(['api', 'dkim', 'dns', 'id', 'sid', 'tls', 'ttl', 'uri', 'url', 'vapid', 'waba']);

/** A setting as its field is called: `requireTls` is Require TLS, `ringS` is Ring (seconds). */
function labelOf(name: string): string {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(' ');
  const told = words
    .map((word) => (word === 's' ? '(seconds)' : CAPITALS.has(word) ? word.toUpperCase() : word))
    .join(' ');
  return asSentence(told);
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.join('\n');
  return typeof value === 'object' ? JSON.stringify(value, null, 2) : `${value as string | number | boolean}`;
}

/** What was written, as its setting takes it; null takes it away. */
function valueOf({ schema }: Setting, text: string): unknown {
  const { type } = schema as Schema;
  if (text === '') return null;
  if (type === 'boolean') return text === 'true';
  if (type === 'integer' || type === 'number') return Number(text);
  if (type === 'array')
    return text
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean);
  if (type !== 'object') return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A rate as it is written into its field. */
function rateText(ratePerS: number | null | undefined): string {
  return ratePerS ? String(ratePerS) : '';
}

type Given = { name: string; rate: string; written: Readonly<Record<string, string>> };

async function saved(
  ws: string,
  provider: ProviderShown,
  integration: IntegrationShown | undefined,
  { name, rate, written }: Given,
): Promise<IntegrationShown> {
  const values = (isSecret: (setting: Setting) => boolean) =>
    Object.fromEntries(
      provider.settings
        .filter((setting) => written[setting.name] !== undefined && isSecret(setting))
        .map((setting) => [setting.name, valueOf(setting, written[setting.name]!)]),
    );
  const ratePerS = rate === '' ? null : Number(rate);
  if (!integration) {
    const settings = Object.fromEntries(
      Object.entries(values(() => true)).filter(([, value]) => value !== null),
    );
    return await call('POST', at(ws, '/integrations'), {
      body: { type: provider.type, ...(name ? { name } : {}), settings, ...(ratePerS ? { ratePerS } : {}) },
    });
  }
  const path = at(ws, `/integrations/${integration.id}`);
  const secrets = Object.fromEntries(
    Object.entries(values(({ secret }) => secret)).filter(([, value]) => value !== null),
  );
  // Each change counts one up: what is between the two is somebody else's.
  let { revision } = integration;
  if (Object.keys(secrets).length) {
    await call('POST', `${path}/secrets`, { body: { secrets } });
    revision += 1;
  }
  const body = { name, settings: values(({ secret }) => !secret), ratePerS };
  return await call('PATCH', path, { body, revision });
}
