-- Which incidents a digest (an incident too) gathers, with what it lists and counts them by. Rows go with either.
CREATE TABLE digest_members (
    digest_id   INTEGER NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    incident_id INTEGER NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    severity    TEXT NOT NULL,
    phase       TEXT NOT NULL,
    reference   TEXT NOT NULL,
    title       TEXT NOT NULL,
    PRIMARY KEY (digest_id, incident_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX digest_members_group ON digest_members (digest_id, severity, phase, incident_id);
CREATE INDEX digest_members_incident ON digest_members (incident_id);

-- Digests that are not shown before a time: the summaries of quiet hours.
CREATE TABLE digests_held (
    digest_id INTEGER NOT NULL PRIMARY KEY REFERENCES incidents (id) ON DELETE CASCADE,
    due_ms    INTEGER NOT NULL
) STRICT;
CREATE INDEX digests_held_due ON digests_held (due_ms);

-- How fast new incidents come on each route, as JSON.
CREATE TABLE storms (
    route TEXT NOT NULL PRIMARY KEY,
    data  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Of new messages that wait for the same channel, the one with the highest priority goes first. An older release
-- sends them in the order of their ids.
ALTER TABLE outbox ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
CREATE INDEX outbox_creates ON outbox (channel_id, priority DESC, id) WHERE state = 'pending' AND message_id IS NULL;

-- When each channel last took a message, and up to which row its backlog was dealt with.
CREATE TABLE channels (
    channel_id   INTEGER PRIMARY KEY,
    delivered_ms INTEGER NOT NULL DEFAULT 0,
    looked_at    INTEGER NOT NULL DEFAULT 0
) STRICT;
