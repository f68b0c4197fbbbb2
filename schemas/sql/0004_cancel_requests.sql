-- When somebody asked to cancel a job that runs: the keeper ends those whose worker vanished.

ALTER TABLE jobs ADD COLUMN cancel_requested_at BIGINT;

-- Jobs whose cancellation was asked for before this file. The keeper looks at the event before it ends one.
UPDATE jobs SET cancel_requested_at = updated_at
WHERE finished_at IS NULL AND event LIKE '%"cancel_requested_at"%';

CREATE INDEX jobs_to_cancel ON jobs (cancel_requested_at, id)
WHERE finished_at IS NULL AND cancel_requested_at IS NOT NULL;
