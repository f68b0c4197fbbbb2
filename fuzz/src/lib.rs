//! What reads the input of strangers, under a fuzzer.
//!
//! A target is a function that takes any bytes and panics when something that must always hold does not. The targets lie
//! beside what they call, in the `fuzzing` modules of the crates. `fuzz/run.sh` drives them with libFuzzer; the test
//! of this crate plays `fuzz/corpus/<target>/*` through them.

/// A name and what is called under it.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("body", gateway::fuzzing::body),
    ("config", common::fuzzing::config),
    ("data_url", gateway::fuzzing::data_url),
    ("edit", worker::fuzzing::edit),
    ("envelope", common::fuzzing::envelope),
    ("event", common::fuzzing::event),
    ("file", gateway::fuzzing::file),
    ("headers", gateway::fuzzing::headers),
    ("operation", common::fuzzing::operation),
    ("peek", gateway::fuzzing::peek),
    ("probe", worker::fuzzing::probe),
    ("provider", worker::fuzzing::provider),
    ("query", gateway::fuzzing::query),
    ("retry_after", dispatcher::fuzzing::retry_after),
    ("sse", worker::fuzzing::sse),
    ("subject", common::fuzzing::subject),
    ("time", common::fuzzing::time),
    ("url_guard", common::fuzzing::url_guard),
    ("webhook", common::fuzzing::webhook),
];

/// The target of this name.
pub fn find(name: &str) -> Option<fn(&[u8])> {
    TARGETS.iter().find(|(known, _)| *known == name).map(|(_, target)| *target)
}
