//! Durations and sizes as people write them.

use std::time::Duration;

/// Units of sizes. The letters may be in any case; `K` without `i` is a thousand.
const SIZE_UNITS: [(&str, u64); 10] = [
    ("", 1),
    ("b", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
];

/// `30s`, `1h 30m`. A zero needs no unit.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    if text == "0" {
        return Some(Duration::ZERO);
    }
    humantime::parse_duration(text).ok()
}

/// `64MB`, `1.5GiB`, `4096`.
pub(super) fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let number_ends = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(number_ends);
    let unit = unit.trim().to_ascii_lowercase();
    let (_, factor) = SIZE_UNITS.iter().find(|(name, _)| *name == unit)?;
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(*factor);
    }
    let bytes = number.parse::<f64>().ok()? * *factor as f64;
    // Above this, floating point no longer tells every byte apart.
    (bytes < (1_u64 << 53) as f64).then_some(bytes as u64)
}

/// A size for a message.
pub(super) fn show_size(bytes: u64) -> String {
    let unit = SIZE_UNITS.iter().filter(|(_, factor)| bytes > 0 && bytes.is_multiple_of(*factor));
    match unit.max_by_key(|(_, factor)| *factor) {
        Some((name, factor)) if *factor > 1 => {
            format!("{}{}", bytes / factor, name.to_ascii_uppercase().replace("IB", "iB"))
        }
        _ => format!("{bytes}B"),
    }
}

/// A duration for a message.
pub(super) fn show_duration(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        assert_eq!(duration("30s"), Some(Duration::from_secs(30)));
        assert_eq!(duration("1h 30m"), Some(Duration::from_mins(90)));
        assert_eq!(duration("100ms"), Some(Duration::from_millis(100)));
        assert_eq!(duration("7d"), Some(Duration::from_hours(168)));
        assert_eq!(duration("0"), Some(Duration::ZERO));
        for wrong in ["", "30", "-1s", "soon", "1 parsec"] {
            assert_eq!(duration(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn sizes_are_read() {
        assert_eq!(size("64MB"), Some(64_000_000));
        assert_eq!(size("64 mib"), Some(64 << 20));
        assert_eq!(size("4096"), Some(4096));
        assert_eq!(size("1.5kB"), Some(1500));
        for wrong in ["", "MB", "-1", "1XB", "1..5MB", "99999999999TB"] {
            assert_eq!(size(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn what_is_shown_can_be_read() {
        for bytes in [1, 1000, 4096, 64_000_000, 64 << 20, 1_500_000] {
            assert_eq!(size(&show_size(bytes)), Some(bytes));
        }
        assert_eq!(show_size(64_000_000), "64MB");
        assert_eq!(show_size(64 << 20), "64MiB");
        assert_eq!(show_duration(Duration::from_mins(90)), "1h 30m");
    }
}
