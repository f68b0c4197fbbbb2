//! Reading `/proc`.

use std::time::Duration;

use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::{Pid, SysconfVar, sysconf};

/// Memory of a process in KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Resident now.
    pub(crate) resident_kib: u64,
    /// Resident at most, since that was last forgotten.
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

/// Time that a process, its ended threads, and the children that it has waited for spent on cores; `None` when it is
/// gone. Children that live are not in it.
pub(crate) fn cpu_time(pid: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let per_second = sysconf(SysconfVar::CLK_TCK).ok().flatten().unwrap_or(100) as f64;
    let (own, children) = ticks(&stat)?;
    // The clock of the process is good to a nanosecond, the ticks to ten milliseconds.
    let own = clock(pid).unwrap_or_else(|| Duration::from_secs_f64(own as f64 / per_second));
    Some(own + Duration::from_secs_f64(children as f64 / per_second))
}

fn clock(pid: u32) -> Option<Duration> {
    let clock = clock_getcpuclockid(Pid::from_raw(pid.cast_signed())).ok()?;
    Some(Duration::from(clock_gettime(clock).ok()?))
}

/// From now on the most memory of a process counts anew, where the system lets us.
pub(crate) fn forget_peak(pid: u32) {
    // 5 stands for it in proc(5). Where it is refused, the peak is that of the whole life.
    let _ = std::fs::write(format!("/proc/{pid}/clear_refs"), "5");
}

/// Its memory; `None` when it is gone.
pub(crate) fn memory(pid: u32) -> Option<Memory> {
    Some(parse_memory(&std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?))
}

fn parent(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// Of the process itself, and of its children that have ended.
fn ticks(stat: &str) -> Option<(u64, u64)> {
    // The name may hold blanks and brackets: it ends with the last closing one.
    let fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11).take(4);
    let fields: Vec<u64> = fields.filter_map(|field| field.parse().ok()).collect();
    let [user, system, user_of_children, system_of_children] = fields[..] else { return None };
    Some((user + system, user_of_children + system_of_children))
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
        let stat = "7 (a) b) S 1 7 7 0 -1 0 10 0 0 0 250 50 30 4 20 0 1 0 1 1 1";
        assert_eq!(ticks(stat), Some((300, 34)));
        assert_eq!(parent(stat), Some(1));
    }

    #[test]
    fn memory_is_read_in_kib() {
        let status = "Name:\tx\nVmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\n";
        assert_eq!(parse_memory(status), Memory { resident_kib: 1024, peak_kib: 2048 });
    }

    #[test]
    fn children_that_have_ended_count() {
        let before = cpu_time(std::process::id()).unwrap();
        let spin = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done";
        std::process::Command::new("sh").args(["-c", spin]).status().unwrap();
        let spent = cpu_time(std::process::id()).unwrap().saturating_sub(before);
        assert!(spent >= Duration::from_millis(10), "{spent:?}");
    }

    #[test]
    fn this_process_has_both() {
        assert!(cpu_time(std::process::id()).is_some());
        assert!(memory(std::process::id()).is_some_and(|memory| memory.resident_kib > 0));
    }
}
