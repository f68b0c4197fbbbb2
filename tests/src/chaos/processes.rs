//! What became of the processes themselves: none may end unless it is told to, none may panic, and who is asked to end
//! and has the time for it ends well.

use super::checker::Finding;
use super::world::World;

/// What a process may say when it ends by itself, and why it may.
const ALLOWED: [(&str, &str); 0] = [];

/// Who ended although nobody told it to, with its last words.
pub(super) fn ended_alone(world: &World) -> Vec<String> {
    let each = world.seats().flat_map(|seat| {
        seat.ended_alone().into_iter().map(|words| format!("{}: {words}", seat.name))
    });
    each.collect()
}

/// Everything about them that is not as it must be.
pub(super) fn check(world: &World) -> Vec<Finding> {
    let mut findings = Vec::new();
    for words in ended_alone(world).iter().filter(|words| !is_allowed(words)) {
        findings.push(finding("no process ends by itself", words));
    }
    for seat in world.seats() {
        for line in ["panicked at", "panic: "].iter().flat_map(|text| seat.lines_with(text)) {
            findings.push(finding("no process panics", &format!("{}: {line}", seat.name)));
        }
        for words in seat.ended_badly() {
            let seen = format!("{}: {words}", seat.name);
            findings.push(finding("who is asked to end ends well", &seen));
        }
    }
    findings
}

fn is_allowed(words: &str) -> bool {
    ALLOWED.iter().any(|(allowed, _)| words.contains(allowed))
}

fn finding(rule: &'static str, seen: &str) -> Finding {
    Finding { rule, job: String::new(), seen: seen.to_owned(), may_pass: false }
}
