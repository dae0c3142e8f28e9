/** `…/teams` and `…/availability`: operators who answer together, and who of them is there. */
import { type Static, Type } from 'typebox';
import { Count, Id, oneOf, orNull, Time } from '../fields.ts';

/** How many a workspace may have: a page has them all. */
export const MOST_TEAMS = 100;

const name = Type.String({ minLength: 1, maxLength: 60 });
const operators = Type.Array(Id, { maxItems: 200 });

/** `POST …/teams`. */
export const NewTeam = Type.Object({ name, memberIds: Type.Optional(operators) });
export type NewTeam = Static<typeof NewTeam>;
/** `PATCH …/teams/{id}`: another name, who comes into it and who goes. */
export const TeamPatch = Type.Object({
  name: Type.Optional(name),
  add: Type.Optional(operators),
  remove: Type.Optional(operators),
});
export type TeamPatch = Static<typeof TeamPatch>;
/** A team, and who is in it. */
export const TeamShown = Type.Object({
  id: Id,
  name: Type.String(),
  members: Type.Array(Type.Object({ id: Id, name: Type.String() })),
  createdAt: Time,
});
export type TeamShown = Static<typeof TeamShown>;
/** All of a workspace, by name. */
export const TeamsShown = Type.Object({ teams: Type.Array(TeamShown) });
export type TeamsShown = Static<typeof TeamsShown>;
/** One, with how many open conversations are with it; counting ends as it does for views. */
export const TeamWhole = Type.Object({ ...TeamShown.properties, open: Count });
export type TeamWhole = Static<typeof TeamWhole>;

/** How an operator stands: gone is who has had no page connected for long and did not say that he is away. */
export const AVAILABILITIES = ['available', 'away', 'gone'] as const;
/** One of these. */
export type Availability = (typeof AVAILABILITIES)[number];

/** How somebody stands, and since when; `since` is null where that is not known. */
export const AvailabilityShown = Type.Object({
  id: Id,
  availability: oneOf(AVAILABILITIES),
  since: orNull(Time),
});
export type AvailabilityShown = Static<typeof AvailabilityShown>;
/** How all members stand. */
export const AvailabilitiesShown = Type.Object({ operators: Type.Array(AvailabilityShown) });
export type AvailabilitiesShown = Static<typeof AvailabilitiesShown>;
/** `PUT …/availability`. */
export const NewAvailability = Type.Object({ away: Type.Boolean() });
export type NewAvailability = Static<typeof NewAvailability>;
