-- Jobs of a higher priority run first; a job remembers the saved workflow that it came from.
ALTER TABLE jobs ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN workflow TEXT;
DROP INDEX jobs_by_status;
CREATE INDEX jobs_by_status ON jobs (status, priority DESC, rank);
