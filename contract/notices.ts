/** What an operator is told of while the console is open, and how. Nothing of it is mailed. */

/** Whether, for each. */
export type Notices = {
  /** Somebody mentions him in a note. */
  mentions: boolean;
  /** Somebody writes in a conversation that is his. */
  mine: boolean;
  /** Somebody writes in one that is nobody's. */
  unassigned: boolean;
  /** A conversation is given to a team of his. */
  teams: boolean;
  /** On the desktop, by the browser; each browser is asked whether it may. */
  desktop: boolean;
  sound: boolean;
};

/** What holds where he has said nothing. */
export const USUAL_NOTICES: Notices = {
  mentions: true,
  mine: true,
  unassigned: false,
  teams: true,
  desktop: false,
  sound: false,
};
