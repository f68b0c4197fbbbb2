//! Reads the stamps of tokens as they arrive.

use crate::mock::stamps;

/// The longest token of the mock upstream: what is kept of a piece whose last token is not complete.
const LONGEST: usize = 32;

/// Joins what the network has cut.
#[derive(Debug, Default)]
pub(super) struct Reader {
    text: String,
}

impl Reader {
    /// The stamps of the tokens that this piece completes.
    pub(super) fn take(&mut self, piece: &[u8]) -> Vec<u64> {
        self.text.push_str(&String::from_utf8_lossy(piece));
        let found = stamps(&self.text).collect();
        let from = self.text.rfind('@').filter(|&at| {
            let rest = &self.text[at + 1..];
            rest.len() < LONGEST && rest.bytes().all(|byte| byte.is_ascii_digit())
        });
        self.text.drain(..from.unwrap_or(self.text.len()));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_once_wherever_it_is_cut() {
        let whole = b"data: {\"content\":\"@123 \"}\n\ndata: {\"content\":\"@456 \"}\n\n";
        for cut in 0..whole.len() {
            let mut reader = Reader::default();
            let mut found = reader.take(&whole[..cut]);
            found.extend(reader.take(&whole[cut..]));
            assert_eq!(found, [123, 456], "cut at {cut}");
        }
    }
}
