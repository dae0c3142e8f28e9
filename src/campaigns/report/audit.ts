/** Whether campaigns keep what they promise: nobody is in one without a timer, and no count is less than its rows. */
import type { Db } from '../../db/pool.ts';
import { countAmiss, selectHeld, type Amiss, type TallyCheck } from './sql.audit.ts';

/** What was found. `fewer` are counts with fewer rows: of people who were erased, or merged into one who had entered too. */
type CampaignAudit = { amiss: Amiss; breaks: string[]; fewer: TallyCheck[] };

/** Audits the campaigns of a workspace. */
export async function auditCampaigns(db: Db, workspaceId: number): Promise<CampaignAudit> {
  const amiss = await countAmiss(db, workspaceId);
  const held = await selectHeld(db, workspaceId);
  const breaks = Object.entries(amiss).flatMap(([what, n]) =>
    n > 0 ? [`${n} ${WORDS[what as keyof Amiss]}`] : [],
  );
  for (const { campaignId, what, counted, rows } of held)
    if (rows > counted)
      breaks.push(`campaign ${campaignId}: ${counted} counted as ${what}, and ${rows} rows`);
  return { amiss, breaks, fewer: held.filter(({ counted, rows }) => rows < counted) };
}

const WORDS: Readonly<Record<keyof Amiss, string>> = {
  enrolmentsWithoutTimer: 'in a campaign without a timer: nothing would ever happen to them',
  timersWithoutEnrolment: 'timers of nobody',
  entriesWithoutEnd: 'entries that neither ended nor are under way',
};
