//! Whether a JPEG is all there. Decoders fill what is missing with grey and call it a success.

/// Whether the end mark follows the beginning of the picture's data. Segments are stepped over by their length, so
/// the end mark of an embedded preview does not count; what follows the end mark does not matter.
pub(super) fn jpeg_is_complete(bytes: &[u8]) -> bool {
    let mut at = 2;
    loop {
        match bytes.get(at..at + 2) {
            // A mark may be preceded by any number of fill bytes.
            Some([0xff, 0xff]) => at += 1,
            // The end before any data.
            Some([0xff, 0xd9]) => return true,
            // The data begins. Within it 0xff is always followed by something else than the end mark's second byte.
            Some([0xff, 0xda]) => return bytes[at..].windows(2).any(|pair| pair == [0xff, 0xd9]),
            Some([0xff, _]) => match bytes.get(at + 2..at + 4) {
                Some(length) => at += 2 + usize::from(u16::from_be_bytes([length[0], length[1]])),
                None => return false,
            },
            Some(_) => at += 1,
            None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_preview_is_not_the_end() {
        let start = [0xff, 0xd8];
        let preview = [0xff, 0xe1, 0x00, 0x06, 0xff, 0xd8, 0xff, 0xd9];
        let data = [0xff, 0xda, 0x00, 0x02, 0x12, 0x34, 0xff, 0x00, 0x56];
        let end = [0xff, 0xd9, 0x00, 0x00];
        let whole = [&start[..], &preview, &data, &end].concat();
        assert!(jpeg_is_complete(&whole));
        assert!(!jpeg_is_complete(&[&start[..], &preview, &data].concat()));
        assert!(!jpeg_is_complete(&[&start[..], &preview].concat()));
        for length in 0..whole.len() - end.len() {
            assert!(!jpeg_is_complete(&whole[..length]), "{length}");
        }
    }
}
