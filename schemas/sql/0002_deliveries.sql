-- The last snapshot of every webhook delivery.

CREATE TABLE deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    status TEXT NOT NULL,
    -- The registered endpoint; null for the URL of a job.
    endpoint_id TEXT,
    job_id TEXT,
    event_type TEXT NOT NULL,
    -- Only a greater version replaces a row.
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- The snapshot as JSON, without the body.
    snapshot TEXT NOT NULL,
    -- The bytes that were posted, apart because lists do not need them.
    body TEXT NOT NULL
);

CREATE INDEX deliveries_by_tenant ON deliveries (tenant, created_at, id);
CREATE INDEX deliveries_by_endpoint ON deliveries (tenant, endpoint_id, created_at, id);
CREATE INDEX deliveries_by_job ON deliveries (tenant, job_id, created_at, id);
CREATE INDEX deliveries_by_status ON deliveries (tenant, status, created_at, id);
CREATE INDEX deliveries_by_age ON deliveries (updated_at, id);
