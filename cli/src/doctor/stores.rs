//! The object store and the SQL records.

use common::clock::SystemClock;
use common::config::Config;
use common::objects::Objects;

use super::Finding;

pub(super) async fn check(config: &Config) -> Vec<Finding> {
    vec![objects(config).await, records(config).await, master_key(config)]
}

async fn objects(config: &Config) -> Finding {
    let url = &config.objects.url;
    if url.is_empty() {
        return Finding::note("objects", "not configured here ([objects] url)");
    }
    let store = match Objects::open(url) {
        Ok(store) => store,
        Err(error) => return Finding::bad("objects", error.to_string()),
    };
    match store.check_write(&SystemClock).await {
        Ok(()) if url.starts_with("memory:") => {
            Finding::note("objects", "in memory: every result is lost with the process")
        }
        Ok(()) if url.starts_with("file:") => Finding::note(
            "objects",
            format!("{url} can be written; every process must see the same directory"),
        ),
        Ok(()) => Finding::good("objects", format!("{url} can be written")),
        Err(error) => Finding::bad("objects", error.to_string()),
    }
}

async fn records(config: &Config) -> Finding {
    let url = &config.records.url;
    if url.is_empty() {
        return Finding::note("records", "not configured here ([records] url)");
    }
    match gateway::check_records(url).await {
        Ok(()) => Finding::good("records", "the SQL database answers"),
        Err(error) => Finding::bad("records", error),
    }
}

fn master_key(config: &Config) -> Finding {
    if config.security.master_key.is_empty() {
        Finding::note(
            "master key",
            "not set here (`up` keeps its own); every process needs the same MILLRACE_MASTER_KEY",
        )
    } else {
        Finding::good("master key", "set")
    }
}
