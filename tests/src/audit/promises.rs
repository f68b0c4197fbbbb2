//! What callers were told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use common::job::{JobId, JobObject, JobState};

use super::Findings;
use super::life::Life;

/// What callers were told. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub struct Promises(Arc<Mutex<Told>>);

#[derive(Debug, Default)]
struct Told {
    accepted: BTreeSet<String>,
    canceled: BTreeSet<String>,
    ended: BTreeMap<String, String>,
}

impl Promises {
    /// A caller was answered with this job and a 2xx.
    pub fn told(&self, job: &JobObject) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let id = job.id.to_string();
        if job.status == JobState::Canceled {
            told.canceled.insert(id.clone());
        }
        if job.status.is_terminal() {
            told.ended.insert(id.clone(), job.status.to_string());
        }
        told.accepted.insert(id);
    }

    /// The jobs that callers were told of.
    pub fn jobs(&self) -> Vec<JobId> {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.accepted.iter().filter_map(|id| id.parse().ok()).collect()
    }

    pub(super) fn check(&self, lives: &BTreeMap<String, Life>, findings: &mut Findings) {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for id in &told.accepted {
            if !lives.contains_key(id) {
                findings.broken.push(format!("{id} was accepted and is gone"));
            }
        }
        let state_of = |id: &String| lives.get(id).map_or("gone", Life::state);
        for id in told.canceled.iter().filter(|id| state_of(id) != "canceled") {
            findings.broken.push(format!("{id} was confirmed as canceled and is {}", state_of(id)));
        }
        for (id, state) in told.ended.iter().filter(|(id, state)| state_of(id) != *state) {
            findings.broken.push(format!("{id} was said to be {state} and is {}", state_of(id)));
        }
    }
}
