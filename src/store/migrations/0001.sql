-- Times are milliseconds since the Unix epoch. Discord's ids are kept as the signed twin of their 64 bits.

CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- min_reader: the oldest schema version whose release can work with this file.
INSERT INTO meta (key, value) VALUES
    ('min_reader', '1'),
    ('store_id', lower(hex(randomblob(16))));

CREATE TABLE inbox (
    id          INTEGER PRIMARY KEY,
    source      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    object      TEXT NOT NULL,
    source_key  TEXT NOT NULL,
    received_ms INTEGER NOT NULL,
    state       TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'settled', 'failed')),
    error       TEXT,
    body        BLOB -- NULL once it is older than `keep`
) STRICT;
CREATE INDEX inbox_object ON inbox (source, object);
CREATE INDEX inbox_pending ON inbox (id) WHERE state = 'pending';
CREATE INDEX inbox_failed ON inbox (id) WHERE state = 'failed';
CREATE INDEX inbox_bodies ON inbox (received_ms) WHERE body IS NOT NULL;

CREATE TABLE deliveries (
    source      TEXT NOT NULL,
    delivery    TEXT NOT NULL,
    received_ms INTEGER NOT NULL,
    PRIMARY KEY (source, delivery)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_age ON deliveries (received_ms);

CREATE TABLE incidents (
    id         INTEGER PRIMARY KEY,
    source     TEXT NOT NULL,
    key        TEXT NOT NULL,
    reference  TEXT NOT NULL UNIQUE,
    open       INTEGER NOT NULL CHECK (open IN (0, 1)),
    severity   TEXT NOT NULL,
    opened_ms  INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    data       TEXT NOT NULL
) STRICT;
CREATE INDEX incidents_key ON incidents (source, key);
CREATE INDEX incidents_open ON incidents (source, severity) WHERE open = 1;
CREATE INDEX incidents_closed ON incidents (updated_ms) WHERE open = 0;

CREATE TABLE outbox (
    id                 INTEGER PRIMARY KEY,
    incident_id        INTEGER NOT NULL REFERENCES incidents (id),
    channel_id         INTEGER NOT NULL,
    reference          TEXT NOT NULL,
    nonce_salt         INTEGER NOT NULL DEFAULT 0,
    payload            TEXT NOT NULL,
    version            INTEGER NOT NULL DEFAULT 1,
    sent_version       INTEGER NOT NULL DEFAULT 0,
    message_id         INTEGER,
    state              TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'parked', 'dropped')),
    attempts           INTEGER NOT NULL DEFAULT 0,
    first_attempt_ms   INTEGER,
    next_attempt_ms    INTEGER NOT NULL,
    accepted_ms        INTEGER NOT NULL, -- of the oldest change that is not sent
    newest_accepted_ms INTEGER NOT NULL, -- of the newest change
    error              TEXT,
    UNIQUE (incident_id, channel_id)
) STRICT;
CREATE INDEX outbox_channel ON outbox (state, channel_id);
CREATE INDEX outbox_edits ON outbox (channel_id, next_attempt_ms) WHERE state = 'pending' AND message_id IS NOT NULL;
CREATE INDEX outbox_due ON outbox (next_attempt_ms, accepted_ms) WHERE state = 'pending';
