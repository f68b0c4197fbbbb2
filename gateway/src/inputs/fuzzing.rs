//! Whatever a caller may give as a data URL.

use super::data_url::read;

/// It is read or refused; what is read is smaller than what was sent.
pub fn data_url(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(read) = read(&text) {
        assert!(read.bytes.len() < text.len());
    }
}
