//! A job as its tenant sees it.

use common::job::{JobEvent, JobObject};

use crate::state::Services;

impl Services {
    /// The job object after an event, with signed addresses and, while it waits, its place in the queue.
    pub(crate) fn job_object(&self, event: &JobEvent) -> JobObject {
        let mut job = JobObject::from_event(event, |artifact| self.artifact_url(artifact));
        if let Some(estimate) = self.queues.estimate(event, self.clock.now()) {
            job.queue_position = Some(estimate.position);
            job.estimated_wait_s = estimate.wait_s;
        }
        job
    }
}
