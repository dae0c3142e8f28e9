/** The forms of the rich composer. */
import { Button, NativeSelect, Textarea, TextInput } from '@mantine/core';
import type { ReactElement } from 'react';
import { LIMITS } from '../../../../../contract/limits.ts';
import {
  newButton,
  newCard,
  type Button as OneButton,
  type Card,
  type Formed,
  type Question,
  type Written,
} from './said.ts';

type Props = { kind: Formed; written: Written; onWritten: (next: Written) => void };

/** The form of a kind. */
export function Editor({ kind, written, onWritten }: Props): ReactElement {
  const change = (some: Partial<Written>) => onWritten({ ...written, ...some });
  const { text, buttons, cards, questions, place } = written;
  if (kind === 'form')
    return <Questions questions={questions} onQuestions={(next) => change({ questions: next })} />;
  if (kind === 'location')
    return (
      <>
        <TextInput
          label="What it is called"
          value={place.name}
          onChange={({ currentTarget: { value } }) => change({ place: { ...place, name: value } })}
        />
        {(['lat', 'long'] as const).map((name) => (
          <TextInput
            key={name}
            label={name === 'lat' ? 'Latitude' : 'Longitude'}
            placeholder={name === 'lat' ? '52.0907' : '5.1214'}
            inputMode="decimal"
            value={place[name]}
            onChange={({ currentTarget: { value } }) => change({ place: { ...place, [name]: value } })}
          />
        ))}
      </>
    );
  return (
    <>
      <Textarea
        label={kind === 'buttons' ? 'Text' : 'Text before it'}
        autosize
        minRows={2}
        maxRows={8}
        value={text}
        onChange={({ currentTarget: { value } }) => change({ text: value })}
      />
      {kind === 'buttons' ? (
        <Buttons buttons={buttons} most={LIMITS.actions} onButtons={(next) => change({ buttons: next })} />
      ) : (
        <Cards cards={cards} isOne={kind === 'card'} onCards={(next) => change({ cards: next })} />
      )}
    </>
  );
}

const put = <T,>(list: readonly T[], n: number, some: Partial<T>): T[] =>
  list.map((one, i) => (i === n ? { ...one, ...some } : one));
const without = <T,>(list: readonly T[], n: number): T[] => list.filter((_, i) => i !== n);

type ButtonsProps = {
  buttons: readonly OneButton[];
  most: number;
  of?: string;
  onButtons: (next: OneButton[]) => void;
};

function Buttons({ buttons, most, of = '', onButtons }: ButtonsProps): ReactElement {
  return (
    <fieldset className="rich-list">
      <legend>Buttons</legend>
      {buttons.map(({ text, uri }, n) => (
        <div key={n} className="rich-row">
          <TextInput
            aria-label={`Button ${n + 1}${of}`}
            placeholder="Yes, please"
            value={text}
            onChange={({ currentTarget: { value } }) => onButtons(put(buttons, n, { text: value }))}
          />
          <TextInput
            aria-label={`Address that button ${n + 1}${of} opens`}
            placeholder="https://… (else an answer)"
            value={uri}
            onChange={({ currentTarget: { value } }) => onButtons(put(buttons, n, { uri: value }))}
          />
        </div>
      ))}
      {buttons.length < most ? (
        <Button size="compact-sm" variant="default" onClick={() => onButtons([...buttons, newButton()])}>
          One more button
        </Button>
      ) : null}
    </fieldset>
  );
}

type CardsProps = { cards: readonly Card[]; isOne: boolean; onCards: (next: Card[]) => void };

function Cards({ cards, isOne, onCards }: CardsProps): ReactElement {
  const shown = isOne ? cards.slice(0, 1) : cards;
  return (
    <>
      {shown.map((card, n) => (
        <fieldset key={n} className="rich-card">
          <legend>{isOne ? 'Card' : `Card ${n + 1}`}</legend>
          <TextInput
            label="Title"
            value={card.title}
            onChange={({ currentTarget: { value } }) => onCards(put(cards, n, { title: value }))}
          />
          <TextInput
            label="Below it"
            value={card.description}
            onChange={({ currentTarget: { value } }) => onCards(put(cards, n, { description: value }))}
          />
          <TextInput
            label="Address of a picture"
            placeholder="https://…"
            value={card.mediaUrl}
            onChange={({ currentTarget: { value } }) => onCards(put(cards, n, { mediaUrl: value }))}
          />
          <Buttons
            buttons={card.buttons}
            most={LIMITS.itemActions}
            of={isOne ? '' : ` of card ${n + 1}`}
            onButtons={(buttons) => onCards(put(cards, n, { buttons }))}
          />
          {!isOne && cards.length > 1 ? (
            <Button size="compact-sm" variant="default" onClick={() => onCards(without(cards, n))}>
              Take this card away
            </Button>
          ) : null}
        </fieldset>
      ))}
      {!isOne && cards.length < LIMITS.items ? (
        <Button size="compact-sm" variant="default" onClick={() => onCards([...cards, newCard()])}>
          One more card
        </Button>
      ) : null}
    </>
  );
}

type QuestionsProps = { questions: readonly Question[]; onQuestions: (next: Question[]) => void };

const TYPES = [
  { value: 'text', label: 'Text' },
  { value: 'email', label: 'E-mail address' },
  { value: 'select', label: 'A choice' },
];

function Questions({ questions, onQuestions }: QuestionsProps): ReactElement {
  return (
    <>
      {questions.map(({ type, label, options }, n) => (
        <fieldset key={n} className="rich-card">
          <legend>Question {n + 1}</legend>
          <TextInput
            label="Question"
            value={label}
            onChange={({ currentTarget: { value } }) => onQuestions(put(questions, n, { label: value }))}
          />
          <NativeSelect
            label="Answered with"
            data={TYPES}
            value={type}
            onChange={({ currentTarget: { value } }) =>
              onQuestions(put(questions, n, { type: value as Question['type'] }))
            }
          />
          {type === 'select' ? (
            <Textarea
              label="Choices, one a line"
              autosize
              minRows={2}
              value={options}
              onChange={({ currentTarget: { value } }) => onQuestions(put(questions, n, { options: value }))}
            />
          ) : null}
          {questions.length > 1 ? (
            <Button size="compact-sm" variant="default" onClick={() => onQuestions(without(questions, n))}>
              Take this question away
            </Button>
          ) : null}
        </fieldset>
      ))}
      {questions.length < LIMITS.fields ? (
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => onQuestions([...questions, { type: 'text', label: '', options: '' }])}
        >
          One more question
        </Button>
      ) : null}
    </>
  );
}
