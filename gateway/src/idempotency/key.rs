//! From a key to the id of its job.

use std::time::Duration;

use common::clock::Timestamp;
use common::job::{JobId, Tenant};
use sha2::{Digest, Sha256};

/// A key names the same job within a window of a day and the one after it.
const WINDOW: Duration = Duration::from_hours(24);
/// How far the clocks of two gateways may be apart.
const SKEW: Duration = Duration::from_mins(5);

/// A caller's key for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Idempotency {
    /// The key as the caller sent it.
    pub(crate) key: String,
    /// What the request was, in hex.
    pub(crate) fingerprint: String,
}

/// The ids under which the job of a key may stand at `at`: today's first, then those of the neighbouring windows.
/// `generation` counts how often the broker refused the job of this key: a refused job was not accepted, so the key is
/// free again.
pub(super) fn job_ids(tenant: &Tenant, key: &str, generation: u32, at: Timestamp) -> Vec<JobId> {
    let id = |at| job_id(tenant, key, generation, at);
    let (today, soon) = (id(at), id(at.plus(SKEW)));
    let mut ids = vec![today, id(at.minus(WINDOW))];
    if soon != today {
        ids.push(soon);
    }
    ids
}

fn job_id(tenant: &Tenant, key: &str, generation: u32, at: Timestamp) -> JobId {
    let window = WINDOW.as_micros() as i64;
    let start = at.as_micros().div_euclid(window) * window;
    let mut hash = Sha256::new();
    hash.update(tenant.as_str().as_bytes());
    hash.update([0]);
    hash.update(key.as_bytes());
    hash.update(generation.to_be_bytes());
    JobId::derived(Timestamp::from_micros(start), &hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_job_per_tenant_and_day() {
        let (acme, other): (Tenant, Tenant) = ("acme".parse().unwrap(), "other".parse().unwrap());
        let noon = Timestamp::parse("2026-11-21T12:00:00Z").unwrap();
        let night = Timestamp::parse("2026-11-21T23:59:59Z").unwrap();
        let next = Timestamp::parse("2026-11-22T00:00:01Z").unwrap();
        let id = job_id(&acme, "k", 0, noon);
        assert_eq!(id, job_id(&acme, "k", 0, night));
        assert_ne!(id, job_id(&acme, "k", 0, next));
        assert!(job_ids(&acme, "k", 0, next).contains(&id));
        assert_ne!(id, job_id(&other, "k", 0, noon));
        assert_ne!(id, job_id(&acme, "k2", 0, noon));
        assert_ne!(id, job_id(&acme, "k", 1, noon));
    }

    /// The request that came first may have met a gateway for whom it was tomorrow already.
    #[test]
    fn shortly_before_midnight_the_next_day_is_looked_at_too() {
        let tenant: Tenant = "acme".parse().unwrap();
        let ids = |at| job_ids(&tenant, "k", 0, Timestamp::parse(at).unwrap());
        let noon = ids("2026-11-21T12:00:00Z");
        assert_eq!(noon.len(), 2);
        let late = ids("2026-11-21T23:58:00Z");
        assert_eq!((late.len(), late[0]), (3, noon[0]));
        assert_eq!(late[2], ids("2026-11-22T00:00:01Z")[0]);
    }
}
