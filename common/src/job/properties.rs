//! What holds for every envelope and event, however odd.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::testing::{echo_job, json};
use super::{
    Artifact, InputFile, JobEnvelope, JobError, JobEvent, JobId, JobResult, JobState, Lane,
    Outcome, Run, RunId,
};
use crate::clock::{Clock as _, ManualClock, Timestamp};
use crate::error_code::ErrorCode;

fn at() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp::from_micros)
}

/// JSON as callers write it: with odd spaces, numbers and escapes that must come through byte for byte.
fn written_json() -> impl Strategy<Value = String> {
    let text = any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap());
    let number = prop_oneof![
        Just("1.50".to_owned()),
        Just("1e400".to_owned()),
        Just("123456789012345678901234567890".to_owned()),
        Just("-0".to_owned()),
    ];
    prop_oneof![text, number, Just(" { \"a\" : [ null,\ttrue ] } ".trim().to_owned())]
}

fn envelope() -> impl Strategy<Value = JobEnvelope> {
    let texts = (any::<String>(), any::<String>(), any::<String>());
    let times = (at(), proptest::option::of(at()), proptest::option::of(at()));
    let labels = proptest::collection::btree_map(any::<String>(), any::<String>(), 0..3);
    let rest = (
        0..3_usize,
        1..u32::MAX,
        proptest::option::of(written_json()),
        proptest::option::of(any::<String>()),
        any::<bool>(),
        any::<u64>(),
    );
    (texts, times, labels, rest).prop_map(|(texts, times, metadata, rest)| {
        let (operation, model, name) = texts;
        let (created_at, run_at, deadline) = times;
        let (lane, max_attempts, input, webhook, stream, bytes) = rest;
        let clock = ManualClock::new(created_at);
        let file = InputFile { key: name.clone(), content_type: name.clone(), name, bytes };
        JobEnvelope {
            operation,
            model,
            lane: [Lane::Interactive, Lane::Normal, Lane::Bulk][lane],
            max_attempts,
            created_at,
            run_at,
            deadline,
            input: input.map(|text| json(&text)),
            files: vec![file],
            webhook: webhook.clone(),
            metadata,
            retry_of: stream.then(|| JobId::new(&clock)),
            fingerprint: webhook.clone(),
            reply_to: webhook,
            stream,
            ..echo_job(&clock)
        }
    })
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let artifact = (any::<String>(), any::<u64>()).prop_map(|(text, bytes)| Artifact {
        name: text.clone(),
        key: text.clone(),
        content_type: text.clone(),
        bytes,
        sha256: text,
    });
    let succeeded =
        (proptest::option::of(written_json()), proptest::collection::vec(artifact, 0..3)).prop_map(
            |(result, artifacts)| Outcome::Succeeded {
                result: result.map(|text| JobResult {
                    content_type: "application/json".to_owned(),
                    bytes: text.len() as u64,
                    inline: Some(json(&text)),
                    key: None,
                }),
                artifacts,
                usage: Some(json("{\"tokens\":1e3}")),
                load_ms: Some(u64::MAX),
            },
        );
    let failed = (any::<String>(), 0..3_usize).prop_map(|(message, code)| {
        Outcome::Failed(JobError::permanent(
            [ErrorCode::EngineFailed, ErrorCode::Refused, ErrorCode::WorkerLost][code],
            message,
        ))
    });
    prop_oneof![succeeded, failed, Just(Outcome::Canceled), Just(Outcome::Expired)]
}

/// Reads what was written; what is written from that must be the same bytes.
fn survives<T: Serialize + DeserializeOwned>(value: &T) -> Result<(), TestCaseError> {
    let text = serde_json::to_string(value).unwrap();
    let read: T = serde_json::from_str(&text)
        .map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
    prop_assert_eq!(serde_json::to_string(&read).unwrap(), text);
    Ok(())
}

proptest! {
    #[test]
    fn envelopes_and_events_survive_the_wire(
        envelope in envelope(),
        outcome in outcome(),
        pass in any::<Duration>(),
        retention in any::<Duration>(),
        worker in any::<String>(),
    ) {
        survives(&envelope)?;
        let clock = ManualClock::new(envelope.created_at);
        let first = JobEvent::submitted(Arc::new(envelope), &clock);
        survives(&first)?;
        let run = Run { id: RunId::new(&clock), worker_id: worker };
        let started = first.started(&run, &clock).unwrap();
        survives(&started)?;
        let clock = ManualClock::new(clock.now().plus(pass));
        let ended = started.finished(outcome, Some(&run), retention, &clock).unwrap();
        survives(&ended)?;
        prop_assert!(ended.expires_at >= ended.finished_at);
        let emptied = ended.without_content(&clock);
        survives(&emptied)?;
        prop_assert_eq!(emptied.id, ended.id);
    }

    /// The rules of the states and those of the moves are the same.
    #[test]
    fn no_move_leads_where_the_states_forbid(outcome in outcome(), from in 0..JobState::ALL.len()) {
        let clock = ManualClock::new(Timestamp::from_micros(0));
        let state = JobState::ALL[from];
        let event = JobEvent { state, ..JobEvent::submitted(Arc::new(echo_job(&clock)), &clock) };
        let run = Run { id: RunId::new(&clock), worker_id: "w".to_owned() };
        let error = JobError::retryable(ErrorCode::EngineFailed, "");
        let moves = [
            event.started(&run, &clock),
            event.requeued(error, event.run_at, &clock),
            event.given_back(event.run_at, &clock),
            event.cancel(Duration::ZERO, &clock),
            event.finished(outcome, Some(&run), Duration::ZERO, &clock),
        ];
        for moved in moves {
            match moved {
                Ok(next) => prop_assert!(state.may_become(next.state)),
                Err(error) => prop_assert!(state.is_terminal(), "{}", error),
            }
        }
    }
}
