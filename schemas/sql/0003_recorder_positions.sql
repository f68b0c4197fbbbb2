-- How far each stream is recorded, written in the transaction that records it.

CREATE TABLE recorder_positions (
    stream TEXT NOT NULL PRIMARY KEY,
    -- When the stream was made: another one under the same name counts from 1 again.
    stream_created_at BIGINT NOT NULL,
    -- Everything up to this sequence is recorded.
    floor_sequence BIGINT NOT NULL,
    -- The greatest sequence that is recorded; below it there may be gaps while several keepers work.
    high_sequence BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
