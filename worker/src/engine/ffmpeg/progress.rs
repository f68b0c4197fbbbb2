//! Reads what ffmpeg tells about its progress (`-progress pipe:1`): blocks of `key=value` lines.

/// A line of progress is short; what is longer is no progress.
const LONGEST_LINE: usize = 256;

/// Turns the tool's words into a share of the work that never goes back.
#[derive(Debug)]
pub(super) struct ProgressReader {
    /// What there is to do; without it there is no share.
    duration_s: Option<f64>,
    frames: Option<f64>,
    line: Vec<u8>,
    share: f64,
}

impl ProgressReader {
    /// For a result of this duration, with this many pictures where that is known.
    pub(super) fn new(duration_s: Option<f64>, frames: Option<f64>) -> Self {
        Self {
            duration_s: duration_s.filter(|duration| *duration > 0.0),
            frames: frames.filter(|frames| *frames > 0.0),
            line: Vec::new(),
            share: 0.0,
        }
    }

    /// Takes in some bytes; a share when they brought news.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Option<f64> {
        let before = self.share;
        for byte in bytes {
            if *byte == b'\n' {
                self.take_line();
            } else if self.line.len() < LONGEST_LINE {
                self.line.push(*byte);
            }
        }
        (self.share > before).then_some(self.share)
    }

    fn take_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let share = std::str::from_utf8(&line).ok().and_then(|line| self.share_of(line.trim()));
        if let Some(share) = share {
            // The last hundredth is the storing of the result.
            self.share = share.clamp(self.share, 0.99);
        }
    }

    /// `out_time_us` is `N/A` until the first packet; some outputs only ever count pictures.
    fn share_of(&self, line: &str) -> Option<f64> {
        let (key, value) = line.split_once('=')?;
        let value: f64 = value.trim().parse().ok()?;
        match key {
            "out_time_us" => Some(value / 1e6 / self.duration_s?),
            "frame" => Some(value / self.frames?),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_follows_the_output_time_and_never_goes_back() {
        let mut reader = ProgressReader::new(Some(10.0), None);
        assert_eq!(reader.feed(b"frame=3\nout_time_us=N/A\nprogress=continue\n"), None);
        assert_eq!(reader.feed(b"out_time_us=25"), None);
        assert_eq!(reader.feed(b"00000\nprogress=continue\n"), Some(0.25));
        assert_eq!(reader.feed(b"out_time_us=1000000\nout_time_us=-5\n"), None);
        assert_eq!(reader.feed(b"out_time_us=99000000\nprogress=end\n"), Some(0.99));
    }

    #[test]
    fn pictures_count_where_time_is_not_known() {
        let mut reader = ProgressReader::new(None, Some(50.0));
        assert_eq!(reader.feed(b"frame=25\nout_time_us=1000000\n"), Some(0.5));
        let mut blind = ProgressReader::new(None, None);
        assert_eq!(blind.feed(b"frame=25\nout_time_us=1000000\n"), None);
    }

    #[test]
    fn garbage_is_harmless() {
        let mut reader = ProgressReader::new(Some(1.0), None);
        assert_eq!(reader.feed(&vec![0xff; 100_000]), None);
        assert_eq!(reader.feed(b"\nout_time_us=500000\n"), Some(0.5));
    }
}
