-- Who was asked to become a member and has not answered. A membership is what came of a yes: nobody is made a member unasked.
CREATE TABLE invitations (
  operator_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  role text NOT NULL CHECK (role IN ('owner', 'admin', 'marketer', 'agent', 'viewer')),
  invited_ms bigint NOT NULL,
  PRIMARY KEY (operator_id, workspace_id)
);
CREATE INDEX invitations_of_workspace ON invitations (workspace_id);
SELECT place('invitations');
