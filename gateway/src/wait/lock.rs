//! Which run a waiting request listens to.

use common::job::RunId;

/// How many runs that were left behind are remembered; a job has fewer takeovers than this.
const REMEMBERED: usize = 8;

/// Holds on to the first run that replies. Another run means that the first one's worker vanished: before bytes were
/// sent the request switches to it, afterwards the answer can not be continued.
#[derive(Debug, Default)]
pub(super) struct RunLock {
    run: Option<RunId>,
    next: u64,
    sent: bool,
    left: Vec<RunId>,
}

/// What to do with a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is the next of the run listened to.
    Take,
    /// It is the first of another run: what came before is void.
    Restart,
    /// It is of a run that was left behind, or a repetition.
    Ignore,
    /// Replies before it were lost.
    Gap,
    /// Another run replies, and bytes of the first were sent already.
    Changed,
}

impl RunLock {
    /// Judges a reply by its run and its position.
    pub(super) fn judge(&mut self, run: RunId, sequence: u64) -> Verdict {
        if self.left.contains(&run) {
            return Verdict::Ignore;
        }
        match self.run {
            Some(held) if held == run => self.advance(sequence, Verdict::Take),
            Some(_) if self.sent => Verdict::Changed,
            Some(held) => {
                if self.left.len() == REMEMBERED {
                    self.left.remove(0);
                }
                self.left.push(held);
                self.hold(run, sequence, Verdict::Restart)
            }
            None => self.hold(run, sequence, Verdict::Take),
        }
    }

    /// Notes that the caller has bytes of this run.
    pub(super) fn bytes_sent(&mut self) {
        self.sent = true;
    }

    fn hold(&mut self, run: RunId, sequence: u64, verdict: Verdict) -> Verdict {
        self.run = Some(run);
        self.next = 0;
        self.advance(sequence, verdict)
    }

    fn advance(&mut self, sequence: u64, verdict: Verdict) -> Verdict {
        match sequence.cmp(&self.next) {
            std::cmp::Ordering::Less => Verdict::Ignore,
            std::cmp::Ordering::Greater => Verdict::Gap,
            std::cmp::Ordering::Equal => {
                self.next += 1;
                verdict
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use common::clock::SystemClock;

    use super::*;

    fn runs() -> (RunId, RunId) {
        (RunId::new(&SystemClock), RunId::new(&SystemClock))
    }

    #[test]
    fn the_first_run_is_held() {
        let (first, _) = runs();
        let mut lock = RunLock::default();
        assert_eq!(lock.judge(first, 0), Verdict::Take);
        assert_eq!(lock.judge(first, 1), Verdict::Take);
        assert_eq!(lock.judge(first, 1), Verdict::Ignore);
        assert_eq!(lock.judge(first, 3), Verdict::Gap);
    }

    #[test]
    fn before_bytes_were_sent_another_run_takes_over_for_good() {
        let (first, second) = runs();
        let mut lock = RunLock::default();
        lock.judge(first, 0);
        assert_eq!(lock.judge(second, 0), Verdict::Restart);
        assert_eq!(lock.judge(first, 1), Verdict::Ignore);
        assert_eq!(lock.judge(second, 1), Verdict::Take);
    }

    #[test]
    fn after_bytes_were_sent_the_answer_can_not_be_continued() {
        let (first, second) = runs();
        let mut lock = RunLock::default();
        lock.judge(first, 0);
        lock.bytes_sent();
        assert_eq!(lock.judge(second, 0), Verdict::Changed);
    }

    #[test]
    fn a_lost_first_reply_is_a_gap() {
        let (first, _) = runs();
        assert_eq!(RunLock::default().judge(first, 2), Verdict::Gap);
    }
}
