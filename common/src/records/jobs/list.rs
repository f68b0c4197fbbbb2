//! Lists of jobs.

use std::collections::BTreeMap;

use super::super::page::{Cursor, Page};
use super::super::statement::Statement;
use super::super::{Records, RecordsError};
use super::{JobRecord, indexed};
use crate::clock::Timestamp;
use crate::job::{JobState, Tenant};

/// Which jobs of a tenant are listed.
#[derive(Clone, Debug)]
pub struct JobFilter {
    /// The owner.
    pub tenant: Tenant,
    /// Any of these states; empty means all.
    pub states: Vec<JobState>,
    /// Only this operation.
    pub operation: Option<String>,
    /// Only this model.
    pub model: Option<String>,
    /// Only this capability.
    pub capability: Option<String>,
    /// Accepted at this time or later.
    pub created_from: Option<Timestamp>,
    /// Accepted before this time.
    pub created_before: Option<Timestamp>,
    /// Jobs that bear all of these labels.
    pub metadata: BTreeMap<String, String>,
}

impl JobFilter {
    /// All jobs of a tenant.
    pub fn of(tenant: Tenant) -> Self {
        Self {
            tenant,
            states: Vec::new(),
            operation: None,
            model: None,
            capability: None,
            created_from: None,
            created_before: None,
            metadata: BTreeMap::new(),
        }
    }

    fn statement(&self, after: Option<Cursor>, limit: usize) -> Statement {
        // The first label leads: its index is in the order of the list, too.
        let mut labels = self.metadata.iter();
        let leader = labels.next();
        let mut statement = Statement::new("SELECT j.id, j.event, j.content_removed_at FROM ");
        let (created_at, id) = match leader {
            None => {
                statement.push("jobs j WHERE j.tenant = ").bind(self.tenant.to_string());
                ("j.created_at", "j.id")
            }
            Some((key, value)) => {
                statement.push("job_metadata m JOIN jobs j ON j.id = m.job_id WHERE m.tenant = ");
                statement.bind(self.tenant.to_string());
                statement.and_equal("m.key", Some(&indexed(key)));
                statement.and_equal("m.value", Some(&indexed(value)));
                ("m.created_at", "m.job_id")
            }
        };
        for (key, value) in labels {
            statement
                .push(" AND EXISTS (SELECT 1 FROM job_metadata o WHERE o.job_id = j.id")
                .and_equal("o.key", Some(&indexed(key)))
                .and_equal("o.value", Some(&indexed(value)))
                .push(")");
        }
        if !self.states.is_empty() {
            statement.push(" AND j.state IN ");
            statement.list(self.states.iter().map(|state| state.as_str().to_owned()));
        }
        for (column, value) in [
            ("j.operation", &self.operation),
            ("j.model", &self.model),
            ("j.capability", &self.capability),
        ] {
            statement.and_equal(column, value.as_deref().map(indexed).as_deref());
        }
        if let Some(from) = self.created_from {
            statement.push(" AND ").push(created_at).push(" >= ").bind(from.as_micros());
        }
        if let Some(before) = self.created_before {
            statement.push(" AND ").push(created_at).push(" < ").bind(before.as_micros());
        }
        if let Some(after) = after {
            statement.push(" AND (").push(created_at).push(", ").push(id).push(") < (");
            statement.bind(after.created_at.as_micros()).push(", ");
            statement.bind(after.id.hyphenated().to_string()).push(")");
        }
        statement.push(" ORDER BY ").push(created_at).push(" DESC, ").push(id);
        statement.push(" DESC LIMIT ").bind(limit as i64 + 1);
        statement
    }
}

impl Records {
    /// A page of jobs, newest first, without their inputs. `after` is the cursor of the page before; `limit` is the
    /// caller's to bound.
    pub async fn list_jobs(
        &self,
        filter: &JobFilter,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<JobRecord>, RecordsError> {
        let question = filter.statement(after, limit).query(self.engine, true)?;
        let rows = self.bounded(question.fetch_all(&self.read)).await?;
        let records = rows.iter().map(JobRecord::read).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::cut(records, limit, |record| Cursor {
            created_at: record.event.job.created_at,
            id: record.event.job.id.as_uuid(),
        }))
    }
}
