/**
 * The keys of the console. One table of what is bound now; a key does nothing while one types, and all single letters can be switched off
 * (WCAG 2.1.4).
 */
import { useEffect, useRef } from 'react';

/** What a key does, and how the map of keys calls it. */
export type Binding = { keys: string; does: string; act: () => void };

const OFF = 'parley.keysOff';
const bound = new Set<{ current: readonly Binding[] }>();
const CHORD_MS = 900;
let first: { key: string; atMs: number } | undefined;

/** Binds keys while a component is there; later ones go before earlier ones. */
export function useKeys(bindings: readonly Binding[]): void {
  const current = useRef(bindings);
  useEffect(() => {
    current.current = bindings;
  });
  useEffect(() => {
    bound.add(current);
    return () => void bound.delete(current);
  }, []);
}

/** All that is bound now, each once: of two for one key what was bound later, which is nearer to what one does. */
export function boundNow(): Binding[] {
  const all = [...bound].reverse().flatMap(({ current }) => current);
  return all.filter((one, n) => all.findIndex(({ keys }) => keys === one.keys) === n);
}

/** Whether single letters do anything. */
export function keysAreOn(): boolean {
  return localStorage.getItem(OFF) === null;
}

/** Switches single letters on or off. */
export function switchKeys(on: boolean): void {
  if (on) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, '1');
}

/** What takes no letters. */
const TICKED = /^(?:checkbox|radio)$/;

function isTyping(event: KeyboardEvent): boolean {
  const [target] = event.composedPath();
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement && TICKED.test(target.type)) return false;
  return target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

function nameOf(event: KeyboardEvent): string {
  const withCtrl = event.ctrlKey || event.metaKey ? 'Ctrl ' : '';
  return withCtrl + (event.key.length === 1 && withCtrl ? event.key.toUpperCase() : event.key);
}

/** Listens for keys; once, in the shell. */
export function listenForKeys(): () => void {
  const heard = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.altKey || event.isComposing) return;
    const name = nameOf(event);
    const isLetter = event.key.length === 1 && !name.startsWith('Ctrl');
    if (isTyping(event) && isLetter) return;
    // Escape in a field or a dialog is theirs.
    if (event.key === 'Escape' && (isTyping(event) || document.querySelector('[role=dialog],[role=menu]')))
      return;
    if (isLetter && !keysAreOn()) return;
    const chord = first && event.timeStamp - first.atMs < CHORD_MS ? `${first.key} ${name}` : undefined;
    first = { key: name, atMs: event.timeStamp };
    const all = boundNow();
    const found = all.find(({ keys }) => keys === chord) ?? all.find(({ keys }) => keys === name);
    if (!found || document.querySelector('[role=dialog]')) return;
    event.preventDefault();
    first = undefined;
    found.act();
  };
  window.addEventListener('keydown', heard);
  return () => window.removeEventListener('keydown', heard);
}
