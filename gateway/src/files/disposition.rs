//! The `Content-Disposition` header (RFC 6266).

use http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands for itself in an extended value (RFC 8187, `attr-char`).
const ESCAPED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~').remove(b'!');

/// The header for a file of this name: shown in place, or as a download. Other letters than ASCII are given in the
/// extended form, with a plain form for old clients.
pub(super) fn disposition(shown: bool, name: &str) -> HeaderValue {
    let kind = if shown { "inline" } else { "attachment" };
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ' { c } else { '_' }
        })
        .collect();
    let mut text = format!("{kind}; filename=\"{plain}\"");
    if plain != name {
        text.push_str("; filename*=UTF-8''");
        text.extend(utf8_percent_encode(name, ESCAPED));
    }
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

/// A file name without folders and control characters, and of bounded length.
pub(super) fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !c.is_control()).take(200).collect();
    let clean = clean.trim();
    if clean.is_empty() || clean == "." || clean == ".." {
        "file".to_owned()
    } else {
        clean.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_can_not_break_out_of_the_header() {
        assert_eq!(disposition(true, "a b.png"), "inline; filename=\"a b.png\"");
        assert_eq!(
            disposition(false, "größe\"\r\n.png"),
            "attachment; filename=\"gr__e___.png\"; filename*=UTF-8''gr%C3%B6%C3%9Fe%22%0D%0A.png"
        );
    }

    #[test]
    fn folders_are_cut_off() {
        assert_eq!(clean_name("../../etc/passwd"), "passwd");
        assert_eq!(clean_name("C:\\x\\photo.jpg"), "photo.jpg");
        assert_eq!(clean_name(".."), "file");
        assert_eq!(clean_name("a\r\nb"), "ab");
    }

    proptest! {
        /// No name adds a header, ends the quotes or names a folder.
        #[test]
        fn any_name_is_one_file_name(name in any::<String>(), shown in any::<bool>()) {
            let clean = clean_name(&name);
            prop_assert!(!clean.is_empty() && clean != ".." && clean.chars().count() <= 200);
            prop_assert!(!clean.contains(['/', '\\']) && !clean.chars().any(char::is_control));
            prop_assert_eq!(&clean_name(&clean), &clean);
            let header = disposition(shown, &clean);
            let text = header.to_str().unwrap();
            let quoted = text.split('"').collect::<Vec<_>>();
            prop_assert_eq!(quoted.len(), 3, "{}", text);
            if let Some((_, extended)) = text.split_once("filename*=UTF-8''") {
                let read = percent_encoding::percent_decode_str(extended).decode_utf8().unwrap();
                prop_assert_eq!(read, clean);
            } else {
                prop_assert_eq!(quoted[1], clean);
            }
        }
    }
}
