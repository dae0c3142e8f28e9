/** What a workspace is called, where it is, and what rules hold for what it sends: each saved by its field, with what that means in words. */
import { useState, type ReactElement, type ReactNode } from 'react';
import type { WorkspaceShown } from '../../../../contract/doors/console/workspaces.ts';
import { useHere, useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { messageOf } from '../../ui/states.tsx';
import { Rates } from './Rates.tsx';
import { WebchatOffer } from './WebchatOffer.tsx';
import { OnMeanwhile, useSave, type Change, type Meanwhile } from './save.ts';
import '../../styles/broadcasts.css';

/** A form, and above it what somebody else has changed since it was opened. */
export function Meanwhiles({ children }: { children: ReactNode }): ReactElement {
  const [meanwhile, setMeanwhile] = useState<Meanwhile>([]);
  return (
    <OnMeanwhile value={setMeanwhile}>
      {meanwhile.length > 0 ? (
        <div className="fault" role="alert">
          <p>Somebody else has changed this meanwhile. Look at it, and save again to have it your way:</p>
          <dl className="facts">
            {meanwhile.map(({ name: what, value }) => (
              <div key={what}>
                <dt>{what}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        </div>
      ) : null}
      {children}
    </OnMeanwhile>
  );
}

/** What it is called and where it is, and how one signs in to it. */
export function WorkspaceForms(): ReactElement {
  const { id, name, country, timeZone, environment, settings } = useHere();
  return (
    <>
      <Panel title="Workspace">
        <dl className="facts">
          {Object.entries({ Kind: environment, Id: id }).map(([key, value]) => (
            <div key={key}>
              <dt>{key}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        <Text ws={id} label="Name of the workspace" value={name} change={(to) => ({ name: to })} />
        <Text
          ws={id}
          label="Country"
          value={country}
          hint="Numbers without a country code are taken for numbers of this country."
          change={(to) => ({ country: to.toUpperCase() })}
        />
        <Text
          ws={id}
          label="Time zone"
          value={timeZone}
          hint="Whose zone is not known lives in this one: quiet hours and campaigns go by it."
          change={(to) => ({ timeZone: to })}
        />
      </Panel>
      <Panel title="Offering the web chat">
        <WebchatOffer
          key={JSON.stringify(settings.webchatOffer)}
          ws={id}
          now={settings.webchatOffer ?? null}
        />
      </Panel>
      <Panel title="Signing in">
        <SecondFactor ws={id} now={settings.askSecondFactor === true} />
      </Panel>
    </>
  );
}

/** What rules hold for what it sends. */
export function SendingForms(): ReactElement {
  const { id, settings } = useHere();
  return (
    <Panel title="Sending rules">
      <QuietHours key={JSON.stringify(settings.quietHours)} ws={id} now={settings.quietHours ?? null} />
      <Cap key={JSON.stringify(settings.frequencyCap)} ws={id} now={settings.frequencyCap ?? null} />
      <Rates />
    </Panel>
  );
}

/** A part of the settings. */
export function Panel({ title, children }: { title: string; children: ReactNode }): ReactElement {
  return (
    <section className="panel" aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

type TextProps = {
  ws: string;
  label: string;
  value: string;
  hint?: string;
  change: (to: string) => Change;
};

function Text({ ws, label, value, hint, change }: TextProps): ReactElement {
  const may = useMay('workspace.update');
  const [text, setText] = useState(value);
  const save = useSave(ws, label);
  const can = may === true ? text !== value || 'It says that already.' : may;
  return (
    <form
      className="setting"
      onSubmit={(event) => {
        event.preventDefault();
        if (can === true) save.mutate(change(text));
      }}
    >
      <label className="field">
        {label}
        <input
          readOnly={may !== true}
          value={text}
          onChange={({ currentTarget }) => setText(currentTarget.value)}
        />
      </label>
      {hint ? <p className="muted">{hint}</p> : null}
      {save.error ? (
        <p className="fault" role="alert">
          {messageOf(save.error)}
        </p>
      ) : null}
      <Act may={can} size="xs" busy={save.isPending} onAct={() => save.mutate(change(text))}>
        {`Save ${label.toLowerCase()}`}
      </Act>
    </form>
  );
}

function SecondFactor({ ws, now }: { ws: string; now: boolean }): ReactElement {
  const may = useMay('workspace.update');
  const save = useSave(ws, 'What is asked at sign-in');
  return (
    <fieldset className="ticks setting">
      <legend>Second factor</legend>
      <label className="tick">
        <input
          type="checkbox"
          disabled={may !== true || save.isPending}
          title={may === true ? undefined : may}
          checked={now}
          onChange={({ currentTarget: { checked } }) =>
            save.mutate({ settings: { askSecondFactor: checked || null } })
          }
        />
        Asked for also after the company’s own provider
      </label>
      <p className="muted">
        {now
          ? 'Members who have a second factor here tell a code of it, whoever vouches for them.'
          : 'Whom the provider vouches for is not asked again.'}
      </p>
    </fieldset>
  );
}

type Hours = NonNullable<WorkspaceShown['settings']['quietHours']>;

function QuietHours({ ws, now }: { ws: string; now: Hours | null }): ReactElement {
  const may = useMay('workspace.update');
  const [isOn, setOn] = useState(now !== null);
  const [{ from, to }, setHours] = useState<Hours>(now ?? { from: '21:00', to: '08:00' });
  const save = useSave(ws, 'Quiet hours');
  const next = isOn ? { from, to } : null;
  const can = may === true ? JSON.stringify(next) !== JSON.stringify(now) || 'It says that already.' : may;
  return (
    <fieldset className="ticks setting">
      <legend>Quiet hours</legend>
      <label className="tick">
        <input
          type="checkbox"
          disabled={may !== true}
          checked={isOn}
          onChange={({ currentTarget }) => setOn(currentTarget.checked)}
        />
        Marketing waits at night
      </label>
      {isOn ? (
        <div className="condition">
          <input
            type="time"
            aria-label="Quiet from"
            readOnly={may !== true}
            value={from}
            onChange={({ currentTarget }) => setHours({ from: currentTarget.value, to })}
          />
          <input
            type="time"
            aria-label="Quiet until"
            readOnly={may !== true}
            value={to}
            onChange={({ currentTarget }) => setHours({ from, to: currentTarget.value })}
          />
        </div>
      ) : null}
      <p className="muted">
        {isOn
          ? `Marketing that is due between ${from} and ${to}, by the clock on the recipient’s wall, goes out at ${to}. What is transactional goes out at once.`
          : 'Marketing goes out at any hour.'}
      </p>
      {save.error ? (
        <p className="fault" role="alert">
          {messageOf(save.error)}
        </p>
      ) : null}
      <Act
        may={can}
        size="xs"
        busy={save.isPending}
        onAct={() => save.mutate({ settings: { quietHours: next } })}
      >
        Save quiet hours
      </Act>
    </fieldset>
  );
}

type CapSet = NonNullable<WorkspaceShown['settings']['frequencyCap']>;

function Cap({ ws, now }: { ws: string; now: CapSet | null }): ReactElement {
  const may = useMay('workspace.update');
  const [isOn, setOn] = useState(now !== null);
  const [{ most, perHours }, setCap] = useState<CapSet>(now ?? { most: 3, perHours: 168 });
  const save = useSave(ws, 'The limit');
  const next = isOn ? { most, perHours } : null;
  const can = may === true ? JSON.stringify(next) !== JSON.stringify(now) || 'It says that already.' : may;
  return (
    <fieldset className="ticks setting">
      <legend>How often</legend>
      <label className="tick">
        <input
          type="checkbox"
          disabled={may !== true}
          checked={isOn}
          onChange={({ currentTarget }) => setOn(currentTarget.checked)}
        />
        Marketing to one person is limited
      </label>
      {isOn ? (
        <div className="condition">
          <input
            type="number"
            min={1}
            max={1000}
            aria-label="Messages at most"
            readOnly={may !== true}
            value={most}
            onChange={({ currentTarget }) => setCap({ most: currentTarget.valueAsNumber || 1, perHours })}
          />
          <input
            type="number"
            min={1}
            max={8760}
            aria-label="In so many hours"
            readOnly={may !== true}
            value={perHours}
            onChange={({ currentTarget }) => setCap({ most, perHours: currentTarget.valueAsNumber || 1 })}
          />
        </div>
      ) : null}
      <p className="muted">
        {isOn
          ? `Whoever was sent ${most} marketing messages in the last ${perHours} hours is sent no more for now.`
          : 'There is no limit.'}
      </p>
      {save.error ? (
        <p className="fault" role="alert">
          {messageOf(save.error)}
        </p>
      ) : null}
      <Act
        may={can}
        size="xs"
        busy={save.isPending}
        onAct={() => save.mutate({ settings: { frequencyCap: next } })}
      >
        Save the limit
      </Act>
    </fieldset>
  );
}
