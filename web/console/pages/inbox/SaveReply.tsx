/** Keeps what stands in the composer ready, under a word. */
import { Button, Popover, TextInput } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState, type FormEvent, type ReactElement } from 'react';
import { useSaveReply } from './Suggest.tsx';

/** The button, and the question for the word. */
export function SaveReply({ ws, text }: { ws: string; text: string }): ReactElement {
  const [opened, setOpened] = useState(false);
  const [shortcut, setShortcut] = useState('');
  const save = useSaveReply(ws);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!(await save(shortcut.trim(), text))) return;
    setOpened(false);
    setShortcut('');
  };
  return (
    <Popover opened={opened} onChange={setOpened} position="top-start" trapFocus>
      <Popover.Target>
        <button type="button" className="chip" onClick={() => setOpened(!opened)}>
          Keep
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <form className="save-reply" onSubmit={(event) => void submit(event)}>
          <TextInput
            label="Word to call it up with"
            description="Later, type / and this word."
            value={shortcut}
            onChange={({ currentTarget: { value } }) => setShortcut(value)}
          />
          <Button type="submit" size="sm">
            Keep it
          </Button>
          <Link to="/w/$ws/settings/{-$part}" params={{ ws, part: 'replies' }}>
            All saved replies
          </Link>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
