//! How far a stream is recorded.

use sqlx::{AnyConnection, Row};

use super::connect::Engine;
use super::statement::Statement;
use super::{Records, RecordsError};
use crate::clock::Timestamp;

/// How far a stream is recorded. It is written in the transaction that records, so that records restored from a
/// backup say themselves from where they must be caught up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The stream.
    pub stream: String,
    /// When the stream was made: another one under the same name counts from 1 again.
    pub stream_created: Timestamp,
    /// Everything up to this sequence was recorded before.
    pub floor: u64,
    /// The greatest sequence that is recorded. Between the two there may be gaps while several keepers work.
    pub high: u64,
}

impl Records {
    /// How far a stream is recorded; `None` when it never was.
    pub async fn position(&self, stream: &str) -> Result<Option<Position>, RecordsError> {
        let question = sqlx::query(
            "SELECT stream_created_at, floor_sequence, high_sequence \
             FROM recorder_positions WHERE stream = $1",
        )
        .bind(stream.to_owned());
        self.bounded(async {
            let Some(row) = question.fetch_optional(&self.read).await? else { return Ok(None) };
            Ok(Some(Position {
                stream: stream.to_owned(),
                stream_created: Timestamp::from_micros(row.try_get("stream_created_at")?),
                floor: row.try_get::<i64, _>("floor_sequence")? as u64,
                high: row.try_get::<i64, _>("high_sequence")? as u64,
            }))
        })
        .await
    }
}

/// Moves the position forward, or to where it stands in a new stream.
pub(super) async fn advance(
    connection: &mut AnyConnection,
    engine: Engine,
    position: &Position,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let mut statement = Statement::new(
        "INSERT INTO recorder_positions \
         (stream, stream_created_at, floor_sequence, high_sequence, updated_at) VALUES (",
    );
    statement.bind(position.stream.clone()).push(", ");
    statement.bind(position.stream_created.as_micros()).push(", ");
    statement.bind(position.floor as i64).push(", ");
    statement.bind(position.high as i64).push(", ");
    statement.bind(now.as_micros());
    statement.push(
        ") ON CONFLICT (stream) DO UPDATE SET \
         floor_sequence = CASE \
           WHEN recorder_positions.stream_created_at = excluded.stream_created_at \
            AND recorder_positions.floor_sequence > excluded.floor_sequence \
           THEN recorder_positions.floor_sequence ELSE excluded.floor_sequence END, \
         high_sequence = CASE \
           WHEN recorder_positions.stream_created_at = excluded.stream_created_at \
            AND recorder_positions.high_sequence > excluded.high_sequence \
           THEN recorder_positions.high_sequence ELSE excluded.high_sequence END, \
         stream_created_at = excluded.stream_created_at, updated_at = excluded.updated_at",
    );
    statement.query(engine, true)?.execute(connection).await.map(drop)
}
