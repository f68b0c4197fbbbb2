//! Whatever a caller may say of a file.

use super::content_type::{by_name, may_be_shown, sniff};
use super::disposition::{clean_name, disposition};
use super::range::{Wanted, wanted};

/// Lines: the name of a file, the type it is said to have, a `Range`; then its content.
pub fn file(data: &[u8]) {
    let mut lines = data.splitn(4, |byte| *byte == b'\n');
    let [name, declared, range, content] =
        std::array::from_fn(|_| lines.next().unwrap_or_default());
    let [name, declared, range] = [name, declared, range].map(String::from_utf8_lossy);
    let clean = clean_name(&name);
    assert!(!clean.contains(['/', '\\']) && clean != ".." && !clean.is_empty());
    let header = disposition(true, &clean);
    assert!(header.to_str().is_ok_and(|text| text.matches('"').count() == 2), "{header:?}");
    for media_type in [sniff(content, &declared, &clean), by_name(&clean)] {
        assert!(http::HeaderValue::from_str(&media_type).is_ok(), "{media_type:?}");
        // What could run script is never shown in place.
        let kind = media_type.to_ascii_lowercase();
        let runs = ["html", "xml", "script"]
            .iter()
            .any(|word| kind.split(';').next().is_some_and(|essence| essence.contains(word)));
        assert!(!runs || !may_be_shown(&media_type), "{media_type}");
    }
    let size = content.len() as u64;
    if let Wanted::Part { first, last } = wanted(Some(&range), size) {
        assert!(first <= last && last < size);
    }
}
