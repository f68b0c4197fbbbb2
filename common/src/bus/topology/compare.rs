//! Which differences between a stream and its file matter.

use async_nats::jetstream::stream::Config;

use crate::bus::BusError;

/// Differences that change what the stream promises are conflicts. Sizes and copies are the operator's.
pub(super) fn compare(wanted: &Config, found: &Config) -> Result<(), BusError> {
    fn debug(value: &impl std::fmt::Debug) -> String {
        format!("{value:?}")
    }
    let checks = [
        ("retention", debug(&wanted.retention), debug(&found.retention)),
        ("storage", debug(&wanted.storage), debug(&found.storage)),
        ("subjects", debug(&wanted.subjects), debug(&found.subjects)),
        ("discard", debug(&wanted.discard), debug(&found.discard)),
        (
            "discard_new_per_subject",
            debug(&wanted.discard_new_per_subject),
            debug(&found.discard_new_per_subject),
        ),
        ("max_msgs_per_subject", debug(&per_subject(wanted)), debug(&per_subject(found))),
        ("allow_msg_ttl", debug(&wanted.allow_message_ttl), debug(&found.allow_message_ttl)),
        (
            "allow_msg_schedules",
            debug(&wanted.allow_message_schedules),
            debug(&found.allow_message_schedules),
        ),
        (
            "allow_msg_counter",
            debug(&wanted.allow_message_counter),
            debug(&found.allow_message_counter),
        ),
        ("max_age", debug(&wanted.max_age), debug(&found.max_age)),
        (
            "republish",
            debug(&wanted.republish.as_ref().map(|r| (&r.source, &r.destination))),
            debug(&found.republish.as_ref().map(|r| (&r.source, &r.destination))),
        ),
    ];
    for (setting, wanted_value, found_value) in checks {
        if wanted_value != found_value {
            return Err(BusError::Conflict {
                stream: wanted.name.clone(),
                setting,
                found: found_value,
                wanted: wanted_value,
            });
        }
    }
    Ok(())
}

/// How many messages a subject may have; the broker writes no limit as -1, the files as 0.
fn per_subject(config: &Config) -> i64 {
    config.max_messages_per_subject.max(0)
}

#[cfg(test)]
mod tests {
    use async_nats::jetstream::stream::StorageType;

    use super::*;

    #[test]
    fn a_conflict_names_stream_and_setting() {
        let wanted = Config { name: "JOB_EVENTS".to_owned(), ..Config::default() };
        let found = Config { storage: StorageType::Memory, ..wanted.clone() };
        let error = compare(&wanted, &found).unwrap_err().to_string();
        assert!(error.contains("JOB_EVENTS") && error.contains("storage"), "{error}");
        let resized = Config { max_bytes: 1, num_replicas: 3, ..wanted.clone() };
        assert!(compare(&wanted, &resized).is_ok());
    }
}
