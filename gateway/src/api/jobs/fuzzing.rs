//! Whatever a caller may send to `/v1/jobs`.

use common::job::{Lane, Tenant};

use super::body::JobRequest;
use super::list_query::read_query;

/// A job is read, or each mistake is told.
pub fn body(data: &[u8]) {
    if let Err(error) = JobRequest::read(data, tenant(), Lane::Normal) {
        assert!(!error.body().error.message.is_empty());
    }
}

/// The query of a list.
pub fn query(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match read_query(tenant(), &text) {
        Ok(asked) => {
            assert!((1..=100).contains(&asked.limit));
            if let Some(cursor) = asked.after {
                assert_eq!(cursor.to_string().parse().ok(), Some(cursor));
            }
        }
        Err(error) => assert!(!error.body().error.message.is_empty()),
    }
}

fn tenant() -> Tenant {
    "acme".parse().expect("it is a legal name")
}
