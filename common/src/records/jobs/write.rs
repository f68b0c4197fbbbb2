//! Recording events.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::AnyConnection;

use super::super::connect::Engine;
use super::super::statement::Statement;
use super::super::{Position, ROWS_PER_STATEMENT, Records, RecordsError, position};
use super::indexed;
use crate::clock::Timestamp;
use crate::job::{JobEnvelope, JobEvent, JobId, JobState};

const INSERT: &str = "INSERT INTO jobs (id, tenant, state, operation, model, capability, lane, \
     attempt, version, created_at, run_at, started_at, finished_at, deadline, expires_at, \
     updated_at, cancel_requested_at, content_removed_at, leftovers, event, input) VALUES ";

/// Only a greater version replaces a row. Nothing replaces the row of a job that has ended, except the same end told
/// again without its content.
const UPSERT: &str = " ON CONFLICT (id) DO UPDATE SET \
     state = excluded.state, attempt = excluded.attempt, version = excluded.version, \
     run_at = excluded.run_at, started_at = excluded.started_at, \
     finished_at = excluded.finished_at, expires_at = excluded.expires_at, \
     updated_at = excluded.updated_at, cancel_requested_at = excluded.cancel_requested_at, \
     content_removed_at = excluded.content_removed_at, \
     leftovers = excluded.leftovers, event = excluded.event, input = excluded.input \
     WHERE jobs.version < excluded.version AND (jobs.finished_at IS NULL \
     OR (excluded.content_removed_at IS NOT NULL AND jobs.state = excluded.state))";

impl Records {
    /// Records events and how far the stream is recorded in one transaction. Repeating it, in whole or in part and
    /// in any order, changes nothing: each event counts once.
    pub async fn apply_events(
        &self,
        position: &Position,
        events: &[JobEvent],
        now: Timestamp,
    ) -> Result<(), RecordsError> {
        let rows = newest(events);
        let pool = self.writer()?;
        self.bounded(async {
            let mut transaction = pool.begin_with(self.engine.begin()).await?;
            for chunk in rows.chunks(ROWS_PER_STATEMENT) {
                write_jobs(&mut transaction, self.engine, chunk).await?;
            }
            let labels: Vec<_> = rows
                .iter()
                .flat_map(|event| event.job.metadata.iter().map(move |label| (event, label)))
                .collect();
            for chunk in labels.chunks(ROWS_PER_STATEMENT) {
                let mut statement = Statement::new(
                    "INSERT INTO job_metadata (tenant, key, value, created_at, job_id) VALUES ",
                );
                for (index, (event, (key, value))) in chunk.iter().enumerate() {
                    statement.push(if index > 0 { ", (" } else { "(" });
                    statement.bind(event.job.tenant.to_string()).push(", ");
                    statement.bind(indexed(key)).push(", ").bind(indexed(value)).push(", ");
                    statement.bind(event.job.created_at.as_micros()).push(", ");
                    statement.bind(event.job.id.to_string()).push(")");
                }
                statement.push(" ON CONFLICT DO NOTHING");
                let whole = chunk.len() == ROWS_PER_STATEMENT;
                statement.query(self.engine, whole)?.execute(&mut *transaction).await?;
            }
            position::advance(&mut transaction, self.engine, position, now).await?;
            transaction.commit().await
        })
        .await
    }
}

/// The newest event of every job, in the order of their ids: keepers that record at the same time lock rows in the
/// same order and so never wait for each other in a circle.
fn newest(events: &[JobEvent]) -> Vec<&JobEvent> {
    let mut newest: HashMap<JobId, &JobEvent> = HashMap::with_capacity(events.len());
    for event in events {
        let known = newest.entry(event.job.id).or_insert(event);
        let may_follow = !known.is_terminal() || event.content_removed_at.is_some();
        if may_follow && event.version > known.version {
            *known = event;
        }
    }
    let mut rows: Vec<_> = newest.into_values().collect();
    rows.sort_unstable_by_key(|event| event.job.id);
    rows
}

async fn write_jobs(
    connection: &mut AnyConnection,
    engine: Engine,
    events: &[&JobEvent],
) -> Result<(), sqlx::Error> {
    let mut statement = Statement::new(INSERT);
    for (index, event) in events.iter().enumerate() {
        if index > 0 {
            statement.push(", ");
        }
        bind_row(&mut statement, event)?;
    }
    statement.push(UPSERT);
    let whole = events.len() == ROWS_PER_STATEMENT;
    statement.query(engine, whole)?.execute(connection).await.map(drop)
}

fn bind_row(statement: &mut Statement, event: &JobEvent) -> Result<(), sqlx::Error> {
    let job = &event.job;
    let finished_at = event.is_terminal().then(|| event.finished_at.unwrap_or(event.time));
    let input = job.input.as_ref().map(|input| input.get().to_owned());
    let micros = |at: Option<Timestamp>| at.map(Timestamp::as_micros);
    statement.push("(").bind(job.id.to_string());
    for text in [
        job.tenant.as_str(),
        event.state.as_str(),
        &indexed(&job.operation),
        &indexed(&job.model),
        &indexed(&job.capability),
        job.lane.as_str(),
    ] {
        statement.push(", ").bind(text.to_owned());
    }
    statement.push(", ").bind(i64::from(event.attempt));
    statement.push(", ").bind(event.version as i64);
    statement.push(", ").bind(job.created_at.as_micros());
    statement.push(", ").bind(event.run_at.as_micros());
    statement.push(", ").bind(micros(event.started_at));
    statement.push(", ").bind(micros(finished_at));
    statement.push(", ").bind(micros(job.deadline));
    statement.push(", ").bind(micros(event.expires_at));
    statement.push(", ").bind(event.time.as_micros());
    statement.push(", ").bind(micros(event.cancel_requested_at));
    statement.push(", ").bind(micros(event.content_removed_at));
    statement.push(", ").bind(i64::from(may_have_leftovers(event)));
    statement.push(", ").bind(encode(event)?);
    statement.push(", ").bind(input).push(")");
    Ok(())
}

/// Runs other than the one that succeeded may have stored objects: there was a run before, or the last one did not
/// succeed. Removing the content removes them, too.
fn may_have_leftovers(event: &JobEvent) -> bool {
    if event.content_removed_at.is_some() {
        return false;
    }
    let retried = event.attempt > 1 || event.vanished > 0;
    let unsuccessful = event.state != JobState::Succeeded && event.run_id.is_some();
    event.is_terminal() && (retried || unsuccessful)
}

/// The event as JSON, without the job's input.
pub(super) fn encode(event: &JobEvent) -> Result<String, sqlx::Error> {
    let slim;
    let event = if event.job.input.is_some() {
        let job = JobEnvelope { input: None, ..JobEnvelope::clone(&event.job) };
        slim = JobEvent { job: Arc::new(job), ..event.clone() };
        &slim
    } else {
        event
    };
    serde_json::to_string(event).map_err(|error| sqlx::Error::Encode(error.into()))
}
