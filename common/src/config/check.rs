//! What must hold between keys.

use super::Config;
use super::error::ConfigError;
use super::section::Mistakes;
use super::text::show_duration;
use super::values::Values;

/// Notes every rule that is broken, at the key that should be changed.
pub(super) fn check(config: &Config, values: &Values, mistakes: &Mistakes) {
    let wrong = |key: &str, problem: String| {
        let mistake = ConfigError { place: values.place(key), key: key.to_owned(), problem };
        mistakes.borrow_mut().push(mistake);
    };
    nats(config, &wrong);
    timeouts(config, &wrong);
    endpoints(config, &wrong);
}

fn nats(config: &Config, wrong: &impl Fn(&str, String)) {
    let nats = &config.nats;
    if nats.credentials.is_some() && nats.user.is_some() {
        wrong("nats.credentials", "can not be used together with user and password".to_owned());
    }
    if nats.user.is_none() && nats.password.is_some() {
        wrong("nats.password", "needs a user".to_owned());
    }
}

fn timeouts(config: &Config, wrong: &impl Fn(&str, String)) {
    let dispatcher = &config.dispatcher;
    if dispatcher.total_timeout <= dispatcher.connect_timeout {
        let connect = show_duration(dispatcher.connect_timeout);
        wrong(
            "dispatcher.total_timeout",
            format!("must be longer than connect_timeout ({connect})"),
        );
    }
    let retry = &config.jobs.retry;
    if retry.max < retry.initial {
        let initial = show_duration(retry.initial);
        wrong("jobs.retry.max", format!("must not be shorter than initial ({initial})"));
    }
    let gateway = &config.gateway;
    if gateway.no_worker_wait >= gateway.sync_timeout {
        let sync = show_duration(gateway.sync_timeout);
        wrong("gateway.no_worker_wait", format!("must be shorter than sync_timeout ({sync})"));
    }
    let retention = &config.retention;
    if retention.records < retention.results {
        let results = show_duration(retention.results);
        wrong("retention.records", format!("must not be shorter than results ({results})"));
    }
}

fn endpoints(config: &Config, wrong: &impl Fn(&str, String)) {
    let endpoints = &config.worker.llm;
    for (index, endpoint) in endpoints.iter().enumerate() {
        if endpoint.idle_timeout >= endpoint.request_timeout {
            let request = show_duration(endpoint.request_timeout);
            wrong(
                &format!("worker.llm.{index}.idle_timeout"),
                format!("must be shorter than request_timeout ({request})"),
            );
        }
        let same = |other: &&super::LlmConfig| {
            other.url.trim_end_matches('/') == endpoint.url.trim_end_matches('/')
                && other.key == endpoint.key
                && other.models == endpoint.models
        };
        if endpoints[..index].iter().find(same).is_some() {
            let problem = "is there already, with the same key and models";
            wrong(&format!("worker.llm.{index}.url"), problem.to_owned());
        }
    }
}
