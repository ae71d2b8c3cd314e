-- What version 1 wrote: its schema as it was, and a job in each state.
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

INSERT INTO jobs VALUES (1, x'3b86b2824f472569a8223c0203b16a65e06dad634e1306bc2a53373c58c294de', x'2f6f75742f646f6e65', 'fingerprint of done', 'bucket', 'done', '[["storage-class","GLACIER"]]', 0, x'6b656570', 'watch:out', 10, 1800000000000, 3, NULL, NULL, 0, '"etag"', 1800000002000, 1, 1800000001000, NULL, NULL, 7, -6892438767953490905);
INSERT INTO jobs VALUES (2, x'77b6c07dae3fae0a0929e908207d23e3c122940a0b337ef1f73ee96cd495f7d3', x'2f6f75742f6661696c6564', 'fingerprint of failed', 'bucket', 'failed', '[["storage-class","GLACIER"]]', 0, x'6b656570', 'watch:out', 10, 1800000000000, 4, NULL, NULL, 0, NULL, 1800000002000, 1, 1800000001000, 'denied', 'Access Denied', 7, -3187983707966326506);
INSERT INTO jobs VALUES (3, x'8db511fb0e3408aaf80d3f17cfe89bbc66aefe44f5aad36d7596231d20705e6c', x'2f6f75742f75706c6f61646564', 'fingerprint of uploaded', 'bucket', 'uploaded', '[["storage-class","GLACIER"]]', 0, x'6d6f76653a2f73656e74', 'watch:out', 10, 1800000000000, 2, NULL, NULL, 0, '"etag"', NULL, 1, 1800000001000, NULL, NULL, 7, -4572605826602946603);
INSERT INTO jobs VALUES (4, x'4eb7dd73d59640d17b6d5b1a1897f97998e7fb957a156a9e0b9f5a3114a6bd23', x'2f6f75742f64656c61796564', 'fingerprint of delayed', 'bucket', 'delayed', '[["storage-class","GLACIER"]]', 0, x'6b656570', 'watch:out', 10, 1800000000000, 0, 1800000100000, NULL, 0, NULL, NULL, 1, 1800000001000, 'network', 'no route to host', 7, -4683656236505339719);
INSERT INTO jobs VALUES (5, x'29932a4424067172dce381941b01398a3e210727ce11945a7a0c7d70f3255397', x'2f6f75742f72756e6e696e67', 'fingerprint of running', 'bucket', 'running', '[["storage-class","GLACIER"]]', 0, x'6b656570', 'watch:out', 10, 1800000000000, 1, NULL, 'me', 1, NULL, NULL, 1, 1800000001000, NULL, NULL, 0, 4214868095561924956);
INSERT INTO jobs VALUES (6, x'fe18248f610619a08137dc9e5d2a415f1e37a2e561fd5bb9485804908f45b019', x'2f6f75742f6f6666', 'fingerprint of off', 'bucket', 'off', '[["storage-class","GLACIER"]]', 0, x'6b656570', 'watch:out', 10, 1800000000000, 5, NULL, NULL, 0, NULL, 1800000003000, 0, NULL, NULL, NULL, 0, -9181824341804432966);
INSERT INTO jobs VALUES (7, x'39ccc5d27f0339f296896a642e704990d72c3c6d9dd5b9349162920dee277b84', x'2f6f75742f6e6577', NULL, 'bucket', 'new', '[["storage-class","GLACIER"]]', 0, x'6b656570', 'command', 10, 1800000000000, 0, NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, NULL, 0, 3882189149198931997);
INSERT INTO sent VALUES (20261127, 1234, -6150492578155871649);
