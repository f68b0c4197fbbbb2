//! One call of ffmpeg within a run.

use common::error_code::ErrorCode;
use common::operation::media::SOURCE;
use tokio::sync::watch;

use super::Run;
use crate::engine::EngineError;
use crate::engine::ffmpeg::progress::ProgressReader;
use crate::engine::ffmpeg::{failure, process};

impl Run<'_> {
    /// Runs ffmpeg with `arguments` in the run's directory, telling followers how far it is.
    pub(super) async fn ffmpeg(
        self,
        arguments: &[String],
        progress: ProgressReader,
    ) -> Result<(), EngineError> {
        // A slow way to the followers must not hold up the reading: the latest share replaces those before.
        let (sender, mut receiver) = watch::channel(0.0);
        let tell = async {
            while receiver.changed().await.is_ok() {
                let share = *receiver.borrow_and_update();
                self.context.reply.progress(share).await;
            }
        };
        let work = self.ffmpeg_sharing(arguments, progress, sender);
        tokio::pin!(work);
        tokio::select! {
            done = &mut work => done,
            () = tell => work.await,
        }
    }

    /// The same, with each share of the work done sent to `shares`.
    async fn ffmpeg_sharing(
        self,
        arguments: &[String],
        mut progress: ProgressReader,
        shares: watch::Sender<f64>,
    ) -> Result<(), EngineError> {
        let sandbox = &self.engine.sandbox;
        let mut command = sandbox.ffmpeg(self.dir).map_err(|error| failure::not_started(&error))?;
        command.args(arguments);
        let mut read = |bytes: &[u8]| {
            if let Some(share) = progress.feed(bytes) {
                shares.send_replace(share);
            }
        };
        let limit = self.engine.options.time_limit;
        match process::run(command, &self.context.cancel, limit, &mut read).await {
            Ok(finished) if finished.status.success() => Ok(()),
            Ok(finished) => Err(failure::explain(finished.status, &finished.stderr, SOURCE)),
            Err(process::Error::Canceled) => Err(EngineError::Canceled),
            Err(process::Error::NotStarted(error)) => Err(failure::not_started(&error)),
            Err(process::Error::TimedOut) => {
                let seconds = limit.as_secs();
                let message =
                    format!("the work takes longer than the {seconds} s that are allowed");
                Err(EngineError::fail(ErrorCode::TooLarge, message))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ffmpeg::tests::bench::{Bench, film};
    use crate::engine::ffmpeg::{arguments, operation::SOURCE_FILE};

    #[tokio::test]
    async fn followers_hear_of_it_while_it_runs() {
        let bench = Bench::new().await;
        let context = bench.context("media.probe", "{}", &[("source", &film(2.0))]).await;
        let dir = context.workspace().await.unwrap();
        let run = Run { engine: &bench.engine, context: &context, dir };
        run.fetch(SOURCE, SOURCE_FILE).await.unwrap();
        let mut line = arguments::head(1);
        // At the speed of a viewer, so that there is something to tell in between.
        line.push("-re".to_owned());
        line.extend(arguments::input(arguments::Demuxers::Media, SOURCE_FILE));
        line.extend(arguments::tail(1, "null", "none"));
        let (sender, mut receiver) = watch::channel(0.0);
        let collect = async {
            let mut shares = Vec::new();
            while receiver.changed().await.is_ok() {
                shares.push(*receiver.borrow_and_update());
            }
            shares
        };
        let reader = ProgressReader::new(Some(2.0), None);
        let (done, shares) = tokio::join!(run.ffmpeg_sharing(&line, reader, sender), collect);
        done.unwrap();
        assert!(shares.len() >= 2, "{shares:?}");
        assert!(shares.is_sorted() && shares[0] > 0.0 && shares[0] < 0.9, "{shares:?}");
    }
}
