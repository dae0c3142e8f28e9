/** The second factor: begun with the password, drawn for the app on the phone, put in use by its first code. */
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useState, type FormEvent, type ReactElement } from 'react';
import type { Static } from 'typebox';
import { encode } from 'uqr';
import type { FactorShown, RecoveryCodes } from '../../../../contract/doors/console/sessions.ts';
import { call } from '../../api/call.ts';
import { Act, State } from '../../ui/basic.tsx';
import { toast } from '../../ui/toasts.tsx';

type Step =
  | { at: 'rest' }
  | { at: 'begin' }
  | { at: 'scan'; shown: Static<typeof FactorShown> }
  | { at: 'codes'; codes: readonly string[] }
  | { at: 'end' };

/** The panel. */
export function SecondFactor({ on, onChange }: { on: boolean; onChange: () => void }): ReactElement {
  const [step, setStep] = useState<Step>({ at: 'rest' });
  const rest = () => setStep({ at: 'rest' });
  switch (step.at) {
    case 'begin':
      return (
        <Asking
          key="begin"
          password
          word="Go on"
          onCancel={rest}
          onGiven={async ({ password }) => {
            const shown = await call<Static<typeof FactorShown>>('POST', '/me/second-factor', {
              body: { password },
            });
            setStep({ at: 'scan', shown });
          }}
        />
      );
    case 'scan':
      return (
        <>
          <p>Scan this with an app for such codes, or type the key into it. Then say the code it shows.</p>
          <Drawn text={step.shown.uri} />
          <p className="mono break">{step.shown.secret}</p>
          <Asking
            key="scan"
            code
            word="Switch it on"
            onCancel={rest}
            onGiven={async ({ code }) => {
              const { recoveryCodes } = await call<Static<typeof RecoveryCodes>>(
                'POST',
                '/me/second-factor/confirm',
                { body: { code } },
              );
              setStep({ at: 'codes', codes: recoveryCodes });
              onChange();
            }}
          />
        </>
      );
    case 'codes':
      return (
        <>
          <p>
            Keep these away from the phone. Each works once instead of a code, and they are not shown again.
          </p>
          <ul className="codes mono">
            {step.codes.map((code) => (
              <li key={code}>{code}</li>
            ))}
          </ul>
          <Act onAct={rest}>I have kept them</Act>
        </>
      );
    case 'end':
      return (
        <Asking
          key="end"
          password
          code
          word="Switch it off"
          onCancel={rest}
          onGiven={async (body) => {
            await call('POST', '/me/second-factor/end', { body });
            rest();
            onChange();
            toast('You sign in with the password alone.');
          }}
        />
      );
    case 'rest':
      return (
        <div className="own-state">
          {on ? (
            <State tone="good" icon="check">
              On
            </State>
          ) : (
            <p className="muted">
              Off: your password alone is enough to sign in. Turn it on to ask for a code from your phone as
              well.
            </p>
          )}
          <Act onAct={() => setStep({ at: on ? 'end' : 'begin' })}>{on ? 'Switch it off' : 'Set it up'}</Act>
        </div>
      );
  }
}

/** A QR code, as one path: dark on light in either scheme, as scanners want it. */
function Drawn({ text }: { text: string }): ReactElement {
  const { data, size } = encode(text, { border: 3 });
  const path = data
    .flatMap((row, y) => row.flatMap((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : [])))
    .join('');
  return (
    <svg className="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label="QR code of the key below">
      <path d={path} />
    </svg>
  );
}

function Asking({
  password: asksPassword = false,
  code: asksCode = false,
  word,
  onGiven,
  onCancel,
}: {
  password?: boolean;
  code?: boolean;
  word: string;
  onGiven: (given: { password: string; code: string }) => Promise<void>;
  onCancel: () => void;
}): ReactElement {
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [fault, setFault] = useState<string>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFault(undefined);
    try {
      await onGiven({ password, code });
    } catch (error) {
      setFault((error as Error).message);
      setBusy(false);
    }
  };
  return (
    <form className="own-form" onSubmit={(event) => void submit(event)}>
      {asksPassword ? (
        <PasswordInput
          label="Your password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': 'Show your password' }}
        />
      ) : null}
      {asksCode ? (
        <TextInput
          label="Code"
          autoComplete="one-time-code"
          required
          maxLength={40}
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
        />
      ) : null}
      {fault ? (
        <p className="fault" role="alert">
          {fault}
        </p>
      ) : null}
      <div className="own-state">
        <Button type="submit" loading={busy}>
          {word}
        </Button>
        <Act onAct={onCancel}>Cancel</Act>
      </div>
    </form>
  );
}
