CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    document TEXT NOT NULL,
    targets TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    attempts INTEGER NOT NULL DEFAULT 0,
    created REAL NOT NULL,
    started REAL,
    finished REAL,
    duration REAL,
    problem TEXT
) STRICT;
CREATE INDEX jobs_by_status ON jobs (status, number);

CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    job TEXT REFERENCES jobs (id) ON DELETE CASCADE,
    time REAL NOT NULL,
    type TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_job ON events (job, seq);

CREATE TABLE workflows (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    revision INTEGER NOT NULL,
    updated REAL NOT NULL
) STRICT;
CREATE TABLE revisions (
    workflow TEXT NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
    revision INTEGER NOT NULL,
    title TEXT NOT NULL,
    document TEXT NOT NULL,
    updated REAL NOT NULL,
    PRIMARY KEY (workflow, revision)
) STRICT;

CREATE TABLE assets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job TEXT NOT NULL,
    node TEXT NOT NULL,
    folder TEXT NOT NULL CHECK (folder IN ('output', 'temp')),
    name TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    created REAL NOT NULL,
    UNIQUE (folder, name)
) STRICT;
