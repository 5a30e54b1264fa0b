-- Jobs get a place in the queue that can be changed; the queue can be paused.
DROP INDEX jobs_by_status;
ALTER TABLE jobs ADD COLUMN rank REAL NOT NULL DEFAULT 0;
UPDATE jobs SET rank = number;
CREATE INDEX jobs_by_status ON jobs (status, rank);

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- A file name is claimed for (job, node, position) before the file is written; width is null until it is there.
CREATE TABLE claimed_assets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job TEXT NOT NULL,
    node TEXT NOT NULL,
    position INTEGER NOT NULL,
    folder TEXT NOT NULL CHECK (folder IN ('output', 'temp')),
    name TEXT NOT NULL,
    width INTEGER,
    height INTEGER,
    created REAL NOT NULL,
    UNIQUE (folder, name),
    UNIQUE (job, node, position)
) STRICT;
INSERT INTO claimed_assets
    SELECT id, job, node, row_number() OVER (PARTITION BY job, node ORDER BY id) - 1, folder, name, width, height, created
    FROM assets;
DROP TABLE assets;
ALTER TABLE claimed_assets RENAME TO assets;
