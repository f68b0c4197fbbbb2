//! `millrace demo`: starts everything in a scratch directory, runs real jobs in all three call styles, kills the
//! process in the middle of one, and ends.

mod callback;
mod chat;
mod crash;
mod input;
mod media;
mod receiver;
mod scripted_model;
mod service;
mod watch;

use std::time::Duration;

use crate::arguments::DemoOptions;
use crate::failure::Failure;
use crate::output::say;

use self::service::Service;

/// How long the whole story may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// `millrace demo`
pub(crate) async fn run(options: DemoOptions) -> Result<(), Failure> {
    tokio::select! {
        told = tokio::time::timeout(PATIENCE, tell(options)) => {
            told.unwrap_or_else(|_| Err(Failure::general("the demo did not end within five minutes")))
        }
        _ = tokio::signal::ctrl_c() => Err(Failure::general("interrupted")),
    }
}

async fn tell(options: DemoOptions) -> Result<(), Failure> {
    let input = input::prepare(options.input.as_deref())?;
    let model = match &options.llm {
        Some(url) => scripted_model::Model::outside(url),
        None => scripted_model::Model::start().await?,
    };
    let receiver = receiver::Receiver::start().await?;

    title("Starting Millrace in a scratch directory");
    let mut service = Service::start(model.url()).await?;

    title("1. A chat call, answered while it streams");
    let name = chat::tell(&service, &model).await?;
    title("2. A queued media job, followed to its end");
    media::tell(&service, &input).await?;
    title("3. A callback: signed, and tried again until it is taken");
    callback::tell(&service, &receiver).await?;
    title("4. Everything is killed while a job runs, and nothing is lost");
    crash::tell(&mut service).await?;

    service.stop().await?;
    say("");
    say(&format!(
        "All of it was real: a broker, four roles, ffmpeg, HTTP. The chat was answered by {name}."
    ));
    say(
        "Next: make up, then point any OpenAI SDK at http://127.0.0.1:8080/v1 with the admin key that it prints.",
    );
    Ok(())
}

fn title(text: &str) {
    say("");
    say(text);
}

/// A line of the story.
fn line(text: &str) {
    say(&format!("   {text}"));
}
