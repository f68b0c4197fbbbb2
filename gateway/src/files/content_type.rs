//! What a file is, told by its first bytes; and which types a browser must not run.

/// How many bytes from the beginning of a file [`sniff`] wants to see.
pub(crate) const SNIFF_BYTES: usize = 4096;

/// When nothing is known.
const UNKNOWN: &str = "application/octet-stream";

/// The media type of a file: by its first bytes, else as declared, else by its name.
pub(crate) fn sniff(start: &[u8], declared: &str, name: &str) -> String {
    if let Some(kind) = infer::get(start) {
        return kind.mime_type().to_owned();
    }
    if is_media_type(declared) && declared != UNKNOWN {
        return declared.to_ascii_lowercase();
    }
    by_name(name)
}

/// The media type that belongs to a file's name.
pub(super) fn by_name(name: &str) -> String {
    mime_guess::from_path(name).first_raw().unwrap_or(UNKNOWN).to_owned()
}

/// Whether a browser may show the file in place. Whatever could run script or load other pages is a download.
pub(super) fn may_be_shown(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    match kind.split_once('/') {
        // Whatever XML there is may hold a script, not only a drawing; and nobody knows what a made-up type of a
        // picture would do.
        Some((_, subtype)) if ["html", "xml", "script"].iter().any(|it| subtype.contains(it)) => {
            false
        }
        Some(("image" | "video" | "audio", _)) => true,
        _ => matches!(kind, "text/plain" | "application/json" | "application/pdf"),
    }
}

/// The form `type/subtype`, perhaps with parameters, in characters that can stand in a header.
fn is_media_type(text: &str) -> bool {
    let token = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
    };
    let mut parts = text.split(';');
    let essence = parts.next().unwrap_or_default().trim();
    text.len() <= 127
        && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        && essence.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_count_more_than_words() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        assert_eq!(sniff(png, "text/html", "a.txt"), "image/png");
        assert_eq!(sniff(b"a,b\n1,2", "text/csv", "x"), "text/csv");
        assert_eq!(sniff(b"a,b\n1,2", "", "x.csv"), "text/csv");
        assert_eq!(sniff(b"??", "not a type", "x"), "application/octet-stream");
        assert_eq!(sniff(b"<html><script>", "image/png", "x.png"), "text/html");
    }

    #[test]
    fn what_runs_in_a_browser_is_a_download() {
        for kind in [
            "text/html",
            "image/svg+xml",
            "text/javascript",
            "application/xhtml+xml",
            "image/x+xml",
            "image/x-script",
            "",
        ] {
            assert!(!may_be_shown(kind), "{kind}");
        }
        for kind in ["image/png", "video/mp4", "audio/mpeg", "text/plain; charset=utf-8"] {
            assert!(may_be_shown(kind), "{kind}");
        }
    }
}
