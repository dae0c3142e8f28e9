-- min_code: 90
-- As entries (0446): who came to a wait together goes on together. With 40 % of room nine of ten rows stay on their page; with half all do, for a
-- tenth more of the space that is taken by whoever only waits.
ALTER TABLE enrolments SET (fillfactor = 60);
