//! The `Range` header (RFC 9110, section 14): one range of bytes.

/// Which bytes of a file are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of them.
    Whole,
    /// From the first to the last, both included.
    Part {
        /// The first byte.
        first: u64,
        /// The last byte.
        last: u64,
    },
    /// None that exist.
    Unsatisfiable,
}

/// Reads a `Range` header for a file of `size` bytes. What is not understood, and several ranges at once, are answered
/// with the whole file, as the standard allows.
pub(super) fn wanted(header: Option<&str>, size: u64) -> Wanted {
    let Some((unit, spec)) = header.and_then(|text| text.split_once('=')) else {
        return Wanted::Whole;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") || spec.contains(',') {
        return Wanted::Whole;
    }
    let Some((first, last)) = spec.trim().split_once('-') else { return Wanted::Whole };
    match (number(first), number(last)) {
        (Some(first), _) if first >= size => unsatisfiable(last, first),
        (Some(first), None) if last.trim().is_empty() => Wanted::Part { first, last: size - 1 },
        (Some(first), Some(last)) if first <= last => {
            Wanted::Part { first, last: last.min(size - 1) }
        }
        (None, Some(length)) if first.trim().is_empty() => match length.min(size) {
            0 => Wanted::Unsatisfiable,
            length => Wanted::Part { first: size - length, last: size - 1 },
        },
        _ => Wanted::Whole,
    }
}

/// A range that begins behind the end can not be satisfied; one that runs backwards is no range at all.
fn unsatisfiable(last: &str, first: u64) -> Wanted {
    match number(last) {
        Some(last) if last < first => Wanted::Whole,
        None if !last.trim().is_empty() => Wanted::Whole,
        _ => Wanted::Unsatisfiable,
    }
}

fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn part(first: u64, last: u64) -> Wanted {
        Wanted::Part { first, last }
    }

    #[test]
    fn a_range_is_cut_to_the_file() {
        assert_eq!(wanted(None, 10), Wanted::Whole);
        assert_eq!(wanted(Some("bytes=0-3"), 10), part(0, 3));
        assert_eq!(wanted(Some("bytes=4-"), 10), part(4, 9));
        assert_eq!(wanted(Some("bytes=4-99"), 10), part(4, 9));
        assert_eq!(wanted(Some("bytes=-3"), 10), part(7, 9));
        assert_eq!(wanted(Some("bytes=-30"), 10), part(0, 9));
        assert_eq!(wanted(Some("Bytes = 9-9 "), 10), part(9, 9));
    }

    #[test]
    fn a_range_outside_of_the_file_is_told_so() {
        assert_eq!(wanted(Some("bytes=10-"), 10), Wanted::Unsatisfiable);
        assert_eq!(wanted(Some("bytes=10-12"), 10), Wanted::Unsatisfiable);
        assert_eq!(wanted(Some("bytes=-0"), 10), Wanted::Unsatisfiable);
        assert_eq!(wanted(Some("bytes=0-0"), 0), Wanted::Unsatisfiable);
        assert_eq!(wanted(Some("bytes=-5"), 0), Wanted::Unsatisfiable);
    }

    #[test]
    fn what_is_no_single_range_gets_the_whole_file() {
        for header in [
            "bytes=3-1",
            "bytes=0-1,4-5",
            "lines=0-1",
            "bytes=-",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=99999999999999999999-",
            "bytes=20-x",
            "bytes",
            "",
        ] {
            assert_eq!(wanted(Some(header), 10), Wanted::Whole, "{header}");
        }
    }

    proptest! {
        /// Whatever is asked for: the part that is sent exists.
        #[test]
        fn a_part_lies_within_the_file(
            header in "bytes=([0-9]{0,21}-[0-9]{0,21}|-[0-9]{1,3}|[0-9]{1,3}-|\\PC{0,8})",
            size in prop_oneof![0..200_u64, any::<u64>()],
        ) {
            if let Wanted::Part { first, last } = wanted(Some(&header), size) {
                prop_assert!(first <= last && last < size);
            }
        }
    }
}
