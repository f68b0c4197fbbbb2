//! One delivery.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::super::{Records, RecordsError};
use crate::job::Tenant;
use crate::webhook::{DeliveryEvent, DeliveryId};

/// A delivery as it is recorded: its last snapshot. In lists the body is empty.
pub type DeliveryRecord = DeliveryEvent;

impl Records {
    /// A tenant's delivery with its body; `None` when it is not recorded or belongs to another tenant.
    pub async fn delivery(
        &self,
        tenant: &Tenant,
        id: DeliveryId,
    ) -> Result<Option<DeliveryRecord>, RecordsError> {
        let question =
            sqlx::query("SELECT id, snapshot, body FROM deliveries WHERE id = $1 AND tenant = $2")
                .bind(id.to_string())
                .bind(tenant.to_string());
        let row = self.bounded(question.fetch_optional(&self.read)).await?;
        let Some(row) = row else { return Ok(None) };
        let mut record = decode(&row)?;
        record.body = row.try_get("body")?;
        Ok(Some(record))
    }
}

pub(super) fn decode(row: &AnyRow) -> Result<DeliveryRecord, RecordsError> {
    serde_json::from_str(row.try_get("snapshot")?).map_err(|error| RecordsError::Unreadable {
        id: row.try_get("id").unwrap_or_default(),
        reason: error.to_string(),
    })
}
