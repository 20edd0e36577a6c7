-- Who did or tried what from Discord. 'begun' stands while another system is asked; what a crash leaves so is settled
-- later.
CREATE TABLE audit (
    id        INTEGER PRIMARY KEY,
    at_ms     INTEGER NOT NULL,
    user_id   INTEGER NOT NULL,
    user_name TEXT NOT NULL,
    action    TEXT NOT NULL,
    reference TEXT NOT NULL, -- the incident's; empty if none was named
    outcome   TEXT NOT NULL,
    detail    TEXT NOT NULL
) STRICT;
CREATE INDEX audit_begun ON audit (reference) WHERE outcome = 'begun';
