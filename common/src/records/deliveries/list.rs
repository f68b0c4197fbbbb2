//! Lists of deliveries.

use super::super::page::{Cursor, Page};
use super::super::statement::Statement;
use super::super::{Records, RecordsError};
use super::DeliveryRecord;
use super::read::decode;
use crate::clock::Timestamp;
use crate::job::{JobId, Tenant};
use crate::webhook::DeliveryStatus;

/// Which deliveries of a tenant are listed.
#[derive(Clone, Debug)]
pub struct DeliveryFilter {
    /// The owner.
    pub tenant: Tenant,
    /// Only this status.
    pub status: Option<DeliveryStatus>,
    /// Only those to this endpoint.
    pub endpoint_id: Option<String>,
    /// Only those about this job.
    pub job_id: Option<JobId>,
    /// Only events of this type.
    pub event_type: Option<String>,
    /// Made at this time or later.
    pub created_from: Option<Timestamp>,
    /// Made before this time.
    pub created_before: Option<Timestamp>,
}

impl DeliveryFilter {
    /// All deliveries of a tenant.
    pub fn of(tenant: Tenant) -> Self {
        Self {
            tenant,
            status: None,
            endpoint_id: None,
            job_id: None,
            event_type: None,
            created_from: None,
            created_before: None,
        }
    }
}

impl Records {
    /// A page of deliveries, newest first, without their bodies. `after` is the cursor of the page before; `limit`
    /// is the caller's to bound.
    pub async fn list_deliveries(
        &self,
        filter: &DeliveryFilter,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<DeliveryRecord>, RecordsError> {
        let mut statement = Statement::new("SELECT id, snapshot FROM deliveries WHERE tenant = ");
        statement.bind(filter.tenant.to_string());
        statement
            .and_equal("status", filter.status.map(DeliveryStatus::as_str))
            .and_equal("endpoint_id", filter.endpoint_id.as_deref())
            .and_equal("job_id", filter.job_id.map(|id| id.to_string()).as_deref())
            .and_equal("event_type", filter.event_type.as_deref());
        if let Some(from) = filter.created_from {
            statement.push(" AND created_at >= ").bind(from.as_micros());
        }
        if let Some(before) = filter.created_before {
            statement.push(" AND created_at < ").bind(before.as_micros());
        }
        if let Some(after) = after {
            statement.push(" AND (created_at, id) < (").bind(after.created_at.as_micros());
            statement.push(", ").bind(after.id.hyphenated().to_string()).push(")");
        }
        statement.push(" ORDER BY created_at DESC, id DESC LIMIT ").bind(limit as i64 + 1);
        let question = statement.query(self.engine, true)?;
        let rows = self.bounded(question.fetch_all(&self.read)).await?;
        let records = rows.iter().map(decode).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::cut(records, limit, |record| Cursor {
            created_at: record.created_at,
            id: record.id.as_uuid(),
        }))
    }
}
