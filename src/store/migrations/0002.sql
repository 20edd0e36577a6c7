-- 1: it was missed, and found when the source was asked.
ALTER TABLE inbox ADD COLUMN late INTEGER NOT NULL DEFAULT 0 CHECK (late IN (0, 1));
