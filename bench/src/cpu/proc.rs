//! Reading `/proc`.

use std::time::Duration;

use nix::unistd::{SysconfVar, sysconf};

/// Memory of a process in KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Resident now.
    pub(crate) resident_kib: u64,
    /// Resident at most, ever.
    pub(crate) peak_kib: u64,
}

/// A process and all that descend from it.
pub(crate) fn family(pid: u32) -> Vec<u32> {
    let processes = processes();
    let mut family = vec![pid];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        let children = processes.iter().filter(|(_, of)| *of == parent).map(|(id, _)| *id);
        family.extend(children);
        next += 1;
    }
    family
}

/// Every process with its parent.
fn processes() -> Vec<(u32, u32)> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let all = entries.flatten().filter_map(|entry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        Some((id, parent(&stat)?))
    });
    all.collect()
}

/// Time that a process and its ended threads spent on cores; `None` when it is gone.
pub(crate) fn cpu_time(pid: u32) -> Option<Duration> {
    let ticks = ticks(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?;
    let per_second = sysconf(SysconfVar::CLK_TCK).ok().flatten().unwrap_or(100);
    Some(Duration::from_secs_f64(ticks as f64 / per_second as f64))
}

/// Its memory; `None` when it is gone.
pub(crate) fn memory(pid: u32) -> Option<Memory> {
    Some(parse_memory(&std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?))
}

fn parent(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn ticks(stat: &str) -> Option<u64> {
    // The name may hold blanks and brackets: it ends with the last closing one.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

fn parse_memory(status: &str) -> Memory {
    let value = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
    };
    Memory { resident_kib: value("VmRSS:"), peak_kib: value("VmHWM:") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 0 10 0 0 0 250 50 0 0 20 0 1 0 1 1 1";
        assert_eq!(ticks(stat), Some(300));
        assert_eq!(parent(stat), Some(1));
    }

    #[test]
    fn memory_is_read_in_kib() {
        let status = "Name:\tx\nVmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\n";
        assert_eq!(parse_memory(status), Memory { resident_kib: 1024, peak_kib: 2048 });
    }

    #[test]
    fn this_process_has_both() {
        assert!(cpu_time(std::process::id()).is_some());
        assert!(memory(std::process::id()).is_some_and(|memory| memory.resident_kib > 0));
    }
}
