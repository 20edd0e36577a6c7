-- The whole text of what the message cuts, to be attached to it. An older release sends the message alone.
ALTER TABLE outbox ADD COLUMN whole TEXT;
-- Which text the message has as its file: its digest; '': none; '?': that is not known.
ALTER TABLE outbox ADD COLUMN attached TEXT NOT NULL DEFAULT '';
