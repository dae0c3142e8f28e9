/** Calls about a user and one thing more: a table, for the methods of an instance and those for the person before the screen. */

/** Methods about a user and one thing more: where they go, and its field. */
export const ABOUT = ['unsubscribe', 'subscribe'].flatMap((act): About[] => [
  [`${act}All`, [`/${act}/all`]],
  [`${act}Campaigns`, [`/${act}/campaigns`, 'campaign_ids']],
]);
for (const name of ['Apns', 'Gcm', 'Fcm']) {
  const disable = `/${name.toLowerCase()}/disable`;
  ABOUT.push(
    [`register${name}Token`, [disable.replace('disable', 'register'), 'token']],
    [`disable${name}Token`, [disable, 'token']],
    [`disableAll${name}Tokens`, [disable, 'all']],
  );
}

type About = [method: string, to: [path: string, field?: 'all' | 'token' | 'campaign_ids']];

/** What such a call says besides who it is about. */
export function moreOf(field: About[1][1], given: unknown) {
  return field && { [field]: field === 'all' || given };
}
