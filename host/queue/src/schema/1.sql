-- Schema version 1. Times are milliseconds since 1970, by the wall clock.
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest BLOB,                 -- the work; NULL when adding the same work makes a new job
    source BLOB NOT NULL,        -- absolute path
    fingerprint TEXT,
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    settings TEXT NOT NULL,      -- JSON: [[name, value], …]
    priority INTEGER NOT NULL,
    disposal BLOB NOT NULL,      -- keep, delete, move:DIR
    origin TEXT NOT NULL,        -- command, watch:NAME
    size INTEGER NOT NULL,
    added INTEGER NOT NULL,
    state INTEGER NOT NULL,      -- 0 waiting, 1 running, 2 uploaded, 3 done, 4 failed, 5 cancelled
    not_before INTEGER,          -- waiting, and not due yet
    owner TEXT,                  -- running
    cancelling INTEGER NOT NULL, -- running, and somebody called it off
    receipt TEXT,                -- uploaded, done
    finished INTEGER,            -- done, failed, cancelled
    attempts INTEGER NOT NULL,
    last_attempt INTEGER,
    failure_kind TEXT,
    failure TEXT,
    sent INTEGER NOT NULL,
    seal INTEGER NOT NULL        -- CRC-64/NVME of all of the above
) STRICT;

-- The same work is one job.
CREATE UNIQUE INDEX jobs_identity ON jobs (digest) WHERE digest IS NOT NULL;
-- The next to claim.
CREATE INDEX jobs_due ON jobs (priority DESC, id) WHERE state = 0 AND not_before IS NULL;
-- The next to become due.
CREATE INDEX jobs_delayed ON jobs (not_before) WHERE state = 0 AND not_before IS NOT NULL;
-- Lists and counts by state, without a look at the table.
CREATE INDEX jobs_state ON jobs (state, id, size);
-- What the service should stop.
CREATE INDEX jobs_cancelling ON jobs (id) WHERE cancelling = 1;
-- What can be pruned, the oldest first.
CREATE INDEX jobs_finished ON jobs (state, finished) WHERE finished IS NOT NULL;

-- Bytes sent on a day, for budgets.
CREATE TABLE sent (
    day INTEGER PRIMARY KEY,     -- 20261127
    bytes INTEGER NOT NULL,
    seal INTEGER NOT NULL
) STRICT;

-- What became of damaged databases.
CREATE TABLE repairs (
    damaged INTEGER PRIMARY KEY, -- the N of queue.sqlite.damaged-N
    cause TEXT NOT NULL,
    kept INTEGER NOT NULL,
    lost INTEGER NOT NULL,
    incomplete INTEGER NOT NULL, -- 1 if there may have been more
    budget INTEGER NOT NULL      -- 1 if a day of `sent` is among what was lost
) STRICT;

-- The first of those that were lost.
CREATE TABLE lost_jobs (
    damaged INTEGER NOT NULL,
    id INTEGER NOT NULL,
    source BLOB,
    PRIMARY KEY (damaged, id)
) STRICT, WITHOUT ROWID;
