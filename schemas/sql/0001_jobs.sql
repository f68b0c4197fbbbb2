-- The last event of every job, kept longer than JOB_EVENTS keeps it. Written by keepers only.
-- Every file here runs on SQLite and on PostgreSQL. Times are microseconds since 1970-01-01 UTC.

CREATE TABLE jobs (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    state TEXT NOT NULL,
    operation TEXT NOT NULL,
    model TEXT NOT NULL,
    capability TEXT NOT NULL,
    lane TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    -- Only a greater version replaces a row, and nothing replaces a row that has finished_at.
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    started_at BIGINT,
    -- Set if and only if the state is terminal.
    finished_at BIGINT,
    deadline BIGINT,
    expires_at BIGINT,
    updated_at BIGINT NOT NULL,
    -- When input, result and artifacts were removed at the end of their retention.
    content_removed_at BIGINT,
    -- 1 while runs that lost may have left objects behind.
    leftovers BIGINT NOT NULL,
    -- The event as JSON, without the job's input.
    event TEXT NOT NULL,
    -- The job's input as JSON, apart because lists do not need it.
    input TEXT
);

-- Lists are by tenant, newest first, with at most one of the filters worth an index.
CREATE INDEX jobs_by_tenant ON jobs (tenant, created_at, id);
CREATE INDEX jobs_by_state ON jobs (tenant, state, created_at, id);
CREATE INDEX jobs_by_operation ON jobs (tenant, operation, created_at, id);
CREATE INDEX jobs_by_model ON jobs (tenant, model, created_at, id);

-- The keeper's own questions: repair, expire, clean.
CREATE INDEX jobs_open ON jobs (updated_at, id) WHERE finished_at IS NULL;
CREATE INDEX jobs_due_to_expire ON jobs (deadline, id) WHERE finished_at IS NULL AND deadline IS NOT NULL;
CREATE INDEX jobs_with_content ON jobs (finished_at, id) WHERE content_removed_at IS NULL AND finished_at IS NOT NULL;
CREATE INDEX jobs_with_leftovers ON jobs (finished_at, id) WHERE leftovers = 1 AND finished_at IS NOT NULL;
CREATE INDEX jobs_removable ON jobs (finished_at, id) WHERE content_removed_at IS NOT NULL;

-- The callers' own labels, for the metadata filter. A value too long for an index stands here as its hash.
CREATE TABLE job_metadata (
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    job_id TEXT NOT NULL,
    PRIMARY KEY (tenant, key, value, created_at, job_id)
);

CREATE INDEX job_metadata_by_job ON job_metadata (job_id);
