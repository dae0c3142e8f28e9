/** What is written in the forms of the rich composer, and the content that it makes. Pure. */
import type { Action, Content, FormField, Item } from '../../../../../contract/content.ts';

/** Below a text or a card. With an address it is a link, without one an answer. */
export type Button = { text: string; uri: string };
/** A card. */
export type Card = { title: string; description: string; mediaUrl: string; buttons: Button[] };
/** A question. `options`, one a line, are of a choice. */
export type Question = { type: 'text' | 'email' | 'select'; label: string; options: string };
/** All that is written, whatever the kind. */
export type Written = {
  text: string;
  buttons: Button[];
  cards: Card[];
  questions: Question[];
  place: { name: string; lat: string; long: string };
};
/** What has forms. */
export type Formed = 'buttons' | 'card' | 'carousel' | 'form' | 'location';

/** A button that nothing is written on. */
export const newButton = (): Button => ({ text: '', uri: '' });
/** A card that nothing is written on. */
export const newCard = (): Card => ({ title: '', description: '', mediaUrl: '', buttons: [newButton()] });
/** Nothing is written yet, but what stood in the composer. */
export const newWritten = (text: string): Written => ({
  text,
  buttons: [newButton(), newButton()],
  cards: [newCard(), newCard()],
  questions: [{ type: 'text', label: '', options: '' }],
  place: { name: '', lat: '', long: '' },
});

/** The content. What is left empty is not in it; what is missing, the server says. */
export function contentOf(kind: Formed, { text, buttons, cards, questions, place }: Written): Content {
  switch (kind) {
    case 'buttons':
      return { type: 'text', text, ...withActions(buttons) };
    case 'card':
      return { type: 'carousel', items: cards.slice(0, 1).map(itemOf), ...withText(text) };
    case 'carousel':
      return { type: 'carousel', items: cards.map(itemOf), ...withText(text) };
    case 'form':
      return { type: 'form', fields: questions.map(fieldOf) };
    case 'location':
      return {
        type: 'location',
        coordinates: { lat: Number(place.lat), long: Number(place.long) },
        ...(place.name ? { location: { name: place.name } } : {}),
      };
  }
}

function withText(text: string): { text?: string } {
  return text ? { text } : {};
}

function withActions(buttons: readonly Button[]): { actions?: Action[] } {
  const actions = buttons.filter(({ text }) => text).map(actionOf);
  return actions.length ? { actions } : {};
}

function actionOf({ text, uri }: Button): Action {
  return uri ? { type: 'link', text, uri } : { type: 'reply', text, payload: text };
}

function itemOf({ title, description, mediaUrl, buttons }: Card): Item {
  const actions = buttons.filter(({ text }) => text);
  return {
    title,
    ...(description ? { description } : {}),
    ...(mediaUrl ? { mediaUrl } : {}),
    // On a card, an answer reports back what was pressed and stays.
    ...(actions.length
      ? {
          actions: actions.map(
            (button): Action =>
              button.uri
                ? actionOf(button)
                : { type: 'postback', text: button.text, payload: `${title}: ${button.text}` },
          ),
        }
      : {}),
  };
}

function fieldOf({ type, label, options }: Question, n: number): FormField {
  const choices = options
    .split('\n')
    .map((one) => one.trim())
    .filter(Boolean);
  return {
    type,
    name: `field-${n + 1}`,
    label,
    ...(type === 'select' ? { options: choices.map((one) => ({ name: one, label: one })) } : {}),
  };
}
