/** The operators' inbox, which a reader of the feed keeps: at rest it says of each conversation what its messages say. */
import type { Run } from '../run.ts';
import type { RoomPlay } from './room.ts';

export const inbox: RoomPlay = {
  name: 'inbox',
  steps: [],
  perform: async () => undefined,
  check: untrue,
};

/**
 * Who was heard has a row, and nobody else; the last that was said and heard is the last there is. Who waits has waited since one of
 * the messages that nothing answers: of several that overtook their answer it may be a later one. What somebody said who became one with
 * another is read with the other's; whether such wait is not compared, since what answered the one may not have answered the other. Of what
 * was heard and said in one millisecond either may have been first.
 */
async function untrue({ look }: Run): Promise<string[]> {
  const rows = await look<Record<'contact' | 'row' | 'said' | 'wrong', string>[]>`
    WITH of_people AS (
      SELECT c.contact_id, m.at_ms, m.direction, c.merged_from <> '{}' AS is_merged FROM messages m
      JOIN conversations c ON m.conversation_id = c.id OR m.conversation_id = ANY(c.merged_from)
      WHERE m.kind <> 'confirmation'
    ), said AS (
      SELECT contact_id, bool_or(is_merged) AS is_merged, max(at_ms) AS last_ms, max(at_ms) FILTER (WHERE direction = 'in') AS last_in_ms,
        coalesce(max(at_ms) FILTER (WHERE direction = 'out'), 0) AS last_out_ms
      FROM of_people GROUP BY contact_id
    ), open AS (
      SELECT s.contact_id, min(m.at_ms) AS first_ms FROM said s JOIN of_people m USING (contact_id)
      WHERE m.direction = 'in' AND m.at_ms > s.last_out_ms GROUP BY s.contact_id
    ), held AS (
      SELECT s.contact_id AS heard_id, i.contact_id AS row_id, to_jsonb(s) AS said, to_jsonb(i) AS row, CASE
        WHEN i.contact_id IS NULL THEN 'has no row'
        WHEN s.last_in_ms IS NULL AND i.last_in_ms > 0 THEN 'was never heard'
        WHEN s.last_in_ms IS NULL THEN NULL
        WHEN i.last_ms <> s.last_ms THEN 'last'
        WHEN i.last_in_ms <> s.last_in_ms THEN 'last heard'
        WHEN s.is_merged THEN NULL
        WHEN s.last_in_ms = s.last_out_ms THEN NULL
        WHEN (i.waiting_ms IS NULL) <> (o.first_ms IS NULL) THEN 'waits'
        WHEN i.waiting_ms NOT BETWEEN o.first_ms AND s.last_in_ms THEN 'waits since'
      END AS wrong
      FROM inbox i FULL JOIN (SELECT * FROM said WHERE last_in_ms IS NOT NULL) s ON s.contact_id = i.contact_id
      LEFT JOIN open o ON o.contact_id = s.contact_id
    )
    SELECT coalesce(heard_id, row_id)::text AS contact, coalesce(row::text, '-') AS row, coalesce(said::text, '-') AS said, wrong
    FROM held WHERE wrong IS NOT NULL`;
  return rows.map(({ contact, wrong, row, said }) => `contact ${contact}: ${wrong}: the inbox has ${row}, the messages say ${said}`);
}
