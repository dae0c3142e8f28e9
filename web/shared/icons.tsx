/** The outlines that the pages use, drawn on a grid of 24; each goes with words, so none is read aloud. */
import type { ReactElement } from 'react';

const PATHS = {
  inbox: 'M4 13h4l2 3h4l2-3h4M5 5h14l2 8v5a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1v-5z',
  people:
    'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M2.5 20c.4-3.5 3-5.5 6.5-5.500s6.100 2 6.5 5.500M16 4.500a3.5 3.5 0 0 1 0 6.500M18 14.800c2 .8 3.300 2.600 3.5 5.200',
  send: 'M21 3 3 10.500l7 3 3 7.500zM10 13.5 21 3',
  channels: 'M12 20V10M8.5 13.500a5 5 0 1 1 7 0M5.5 16.500a9 9 0 1 1 13 0',
  code: 'm8 8-4 4 4 4M16 8l4 4-4 4M13.5 5l-3 14',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 4.800v4.400M9 14.800v4.400',
  phone: 'M7 2.500h10a1 1 0 0 1 1 1v17a1 1 0 0 1-1 1H7a1 1 0 0 1-1-1v-17a1 1 0 0 1 1-1M11 18.500h2',
  calendar: 'M4 6h16v14H4zM4 10.5h16M8.5 3.500v4M15.5 3.500v4',
  flow: 'M6 4v6M6 10h8a4 4 0 0 1 4 4v2M6 10v10M15 13l3 3.500 3-3.500M3.5 17.500 6 20l2.500-2.500',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M12 7v5l3 2',
  check: 'm5 12.5 4.5 4.500L19 7.5',
  checks: 'm2.5 12.5 4 4L15 8M11 15.500l1.200 1L21 8',
  cross: 'M6 6l12 12M18 6 6 18',
  question: 'M9 9.200a3 3 0 1 1 4.300 2.700c-.9.5-1.300 1-1.300 2.100M12 17.500v.1',
  pause: 'M8 5v14M16 5v14',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M12 11v5.500M12 7.500v.1',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13M15.5 15.5 21 21',
  more: 'M5 12v.1M12 12v.1M19 12v.1',
  sort: 'M8 5v14M4.5 15.500 8 19l3.500-3.500M16 19V5M12.5 8.500 16 5l3.500 3.500',
  flag: 'M6 21V4M6 4.500h11l-2.500 4 2.500 4H6',
  filter: 'M4 6h16M7.5 12h9M10.5 18h3',
  back: 'M14.5 5.5 8 12l6.5 6.5',
  down: 'm6 9.5 6 6 6-6',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8M12 3v1.500M12 19.500V21M3 12h1.500M19.5 12H21M5.600 5.600l1.100 1.100M17.300 17.300l1.100 1.100M5.600 18.400l1.100-1.100M17.300 6.700l1.100-1.100',
  moon: 'M20 14.500A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5',
  note: 'M5 4h14v10l-5 6H5zM14 20v-6h5',
  snooze: 'M12 20a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15M9.5 9.500h5l-5 6h5M4 4 2.5 5.500M20 4l1.5 1.5',
  close: 'M4 12.500l5 5L20 6.5',
  reply: 'M9.5 6 4 11.5 9.5 17M4.5 11.500H14a6 6 0 0 1 6 6V19',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M4.5 20.500c.6-4 3.5-6 7.5-6s6.900 2 7.5 6',
  out: 'M14 4h5a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1h-5M10 8l-4 4 4 4M6 12h9',
  keyboard: 'M3 6.500h18v11H3zM6.5 10v.1M10 10v.1M14 10v.1M17.5 10v.1M7.5 14h9',
  plus: 'M12 5v14M5 12h14',
  mail: 'M3 6h18v12H3zM3.5 6.5 12 13l8.5-6.5',
  call: 'M6 3.500h3.500L11 8 8.5 9.800c1 2.300 3 4.300 5.700 5.700L16 13l4.5 1.500V18c0 1.5-1 2.5-2.5 2.500C10.5 20 4 13.5 3.5 6c0-1.5 1-2.5 2.5-2.5',
  bell: 'M6 16.500V11a6 6 0 1 1 12 0v5.500l1.5 2h-15zM10 21h4',
  globe:
    'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M3 12h18M12 3c2.5 2.5 3.700 5.5 3.700 9s-1.200 6.5-3.700 9c-2.5-2.5-3.700-5.5-3.700-9S9.5 5.5 12 3',
} as const;

/** The name of an outline. */
export type IconName = keyof typeof PATHS;

/** An outline in the colour of the text around it. */
export function Icon({ name, size = 20 }: { name: IconName; size?: number }): ReactElement {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The outline of a channel. */
export function channelIcon(channel: string | null): IconName {
  switch (channel ?? '') {
    case 'email':
      return 'mail';
    case 'voice':
      return 'call';
    case 'push':
      return 'bell';
    case 'webchat':
      return 'globe';
    default:
      return 'phone';
  }
}

const CHANNEL_NAMES: Readonly<Record<string, string>> = {
  sms: 'SMS',
  whatsapp: 'WhatsApp',
  email: 'Mail',
  voice: 'Call',
  push: 'Push',
  webchat: 'Web chat',
  webhook: 'Webhook',
};

/** What a channel is called. */
export function channelName(channel: string | null): string {
  return channel === null ? 'No channel' : (CHANNEL_NAMES[channel] ?? channel);
}
