//! What became of the processes themselves: none may end unless it is told to, none may panic, and who is asked to end
//! and has the time for it ends well.

use std::collections::BTreeSet;

use super::checker::Finding;
use super::seat::STARTING;
use super::world::World;

/// What a process may say when it ends by itself while it starts, and why it may; whatever supervises it starts it
/// again. One that was ready may not end.
const ALLOWED: [(&str, &str); 2] = [
    ("the object directory", "a start that finds the store away says so"),
    ("NATS does not answer", "a start waits for `nats.connect_timeout` and not for ever"),
];

/// Who ended although nobody told it to, with its last words.
pub(super) fn ended_alone(world: &World) -> Vec<String> {
    let each = world.seats().flat_map(|seat| {
        seat.ended_alone().into_iter().map(|words| format!("{}: {words}", seat.name))
    });
    each.collect()
}

/// Everything about them that is not as it must be.
pub(super) fn check(world: &World) -> Vec<Finding> {
    let mut findings = BTreeSet::new();
    for words in ended_alone(world).iter().filter(|words| !is_allowed(words)) {
        findings.insert(("no process ends by itself", words.clone()));
    }
    for seat in world.seats() {
        for line in ["panicked at", "panic: "].iter().flat_map(|text| seat.lines_with(text)) {
            findings.insert(("no process panics", format!("{}: {line}", seat.name)));
        }
        for words in seat.ended_badly() {
            let seen = format!("{}: {words}", seat.name);
            findings.insert(("who is asked to end ends well", seen));
        }
    }
    let finding = |(rule, seen)| Finding { rule, job: String::new(), seen, may_pass: false };
    findings.into_iter().map(finding).collect()
}

fn is_allowed(words: &str) -> bool {
    words.contains(STARTING) && ALLOWED.iter().any(|(allowed, _)| words.contains(allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_excused_by_what_was_said_at_a_start_only() {
        let words = "millrace: the object directory /x can not be used: File exists";
        assert!(is_allowed(&format!("worker-1: {STARTING}{words}")));
        assert!(!is_allowed(&format!("worker-1: {words}")));
        assert!(!is_allowed(&format!("worker-1: {STARTING}millrace: the connection is gone")));
    }
}
