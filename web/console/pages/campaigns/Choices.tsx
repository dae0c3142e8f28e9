/** One of a few ways, each with what becomes of people. */
import type { ReactElement } from 'react';

type ChoicesProps<T extends string> = {
  name: string;
  all: readonly (readonly [T, string, string])[];
  chosen: T;
  onChosen: (one: T) => void;
};

/** The choice. */
export function Choices<T extends string>({ name, all, chosen, onChosen }: ChoicesProps<T>): ReactElement {
  return (
    <fieldset>
      <legend>{name}</legend>
      {all.map(([one, title, about]) => (
        <label key={one} className="choice">
          <input type="radio" name={name} checked={one === chosen} onChange={() => onChosen(one)} />
          {title}
          <span className="muted">{about}</span>
        </label>
      ))}
    </fieldset>
  );
}
