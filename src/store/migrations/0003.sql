-- A reply: the message of this row answers that of another row, in the channel or in the other's thread. An older
-- release sends it as a plain message.
ALTER TABLE outbox ADD COLUMN reply_to INTEGER;
ALTER TABLE outbox ADD COLUMN place TEXT NOT NULL DEFAULT 'channel' CHECK (place IN ('channel', 'thread'));
-- The thread below this row's message; 'refused': replies go into the channel.
ALTER TABLE outbox ADD COLUMN thread TEXT NOT NULL DEFAULT 'none'
    CHECK (thread IN ('none', 'open', 'archived', 'refused'));
CREATE INDEX outbox_replies ON outbox (reply_to) WHERE reply_to IS NOT NULL;
CREATE INDEX outbox_threads ON outbox (id) WHERE thread = 'open';
