/** What both the console's pages and the server know of previews. Pure: pages take it as it is. */

/** People who do not exist, by what their names are like. */
export const MADE_UP = ['usual', 'longest', 'shortest', 'noName'] as const;
/** One of them. */
export type MadeUp = (typeof MADE_UP)[number];

/** Where a frame of a page gets the HTML back that the page posts there, under a policy of its own. */
export const MAIL_FRAME_PATH = '/frame/mail';
