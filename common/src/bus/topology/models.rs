//! The consumers of a model, made when it is first asked for.

use std::collections::HashSet;
use std::sync::{MutexGuard, PoisonError};

use super::files::model_consumer;
use super::make::ensure_consumer;
use crate::bus::{Bus, BusError, subjects};
use crate::job::Lane;

impl Bus {
    /// Makes the consumers of a model in every lane. Asks the broker once per process and model.
    pub async fn ensure_model_consumers(
        &self,
        capability: &str,
        model: &str,
    ) -> Result<(), BusError> {
        self.ensure_lane_consumers(capability, model, Lane::Normal).await?;
        self.ensure_lane_consumers(capability, model, Lane::Interactive).await
    }

    /// Makes the consumers of a model in the lanes that share a stream with `lane`: that of calls, or those of durable
    /// jobs. Either stream may be away without the other.
    pub async fn ensure_lane_consumers(
        &self,
        capability: &str,
        model: &str,
        lane: Lane,
    ) -> Result<(), BusError> {
        let key = (subjects::lane_stream(capability, lane), model.to_owned());
        if self.ensured().contains(&key) {
            return Ok(());
        }
        // Boxed: it is large and seldom, and every submit carries it.
        Box::pin(self.make_lane_consumers(capability, model, lane)).await?;
        self.ensured().insert(key);
        Ok(())
    }

    async fn make_lane_consumers(
        &self,
        capability: &str,
        model: &str,
        lane: Lane,
    ) -> Result<(), BusError> {
        let stream = self.stream(&subjects::lane_stream(capability, lane)).await?;
        let lanes: &[Lane] =
            if lane == Lane::Interactive { &[Lane::Interactive] } else { &Lane::DURABLE };
        for &lane in lanes {
            let mut config = model_consumer(capability, model, lane)?;
            config.ack_wait = self.ack_wait;
            ensure_consumer(&stream, config).await?;
        }
        Ok(())
    }

    /// Forgets that the consumers of a model were made, so that the next publish asks again.
    pub fn forget_model_consumers(&self, capability: &str, model: &str) {
        let mut ensured = self.ensured();
        for lane in [Lane::Normal, Lane::Interactive] {
            ensured.remove(&(subjects::lane_stream(capability, lane), model.to_owned()));
        }
    }

    /// Forgets all of them: they may have gone with their streams.
    pub(super) fn forget_all_model_consumers(&self) {
        self.ensured().clear();
    }

    fn ensured(&self) -> MutexGuard<'_, HashSet<(String, String)>> {
        self.ensured.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
