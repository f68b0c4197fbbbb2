//! The `diagnostic` engine: echo, sleep and fail, for operators and tests. It is off unless configured.

use std::time::Duration;

use common::error_code::ErrorCode;
use common::operation::{Fail, Sleep};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;

use super::{Engine, EngineError, Offer, Output, RunContext};

/// The one model of the capability.
const MODEL: &str = "diagnostic";
const OPERATIONS: [&str; 3] = ["diagnostic.echo", "diagnostic.sleep", "diagnostic.fail"];

/// In so many steps a sleep reports its progress.
const STEPS: u32 = 10;

/// The engine.
#[derive(Clone, Debug)]
pub struct DiagnosticEngine {
    slots: usize,
}

impl DiagnosticEngine {
    /// An engine that runs `slots` jobs at once, at least one.
    pub fn new(slots: usize) -> Self {
        Self { slots: slots.max(1) }
    }
}

impl Engine for DiagnosticEngine {
    fn capability(&self) -> &'static str {
        "diagnostic"
    }

    fn slots(&self) -> usize {
        self.slots
    }

    fn offers(&self) -> Vec<Offer> {
        let operations = OPERATIONS.map(str::to_owned).to_vec();
        vec![Offer { model: MODEL.to_owned(), operations, warm: true }]
    }

    fn run<'a>(&'a self, context: &'a RunContext) -> BoxFuture<'a, Result<Output, EngineError>> {
        async move {
            match context.job.operation.as_str() {
                "diagnostic.echo" => Ok(echo(context)),
                "diagnostic.sleep" => sleep(context).await,
                "diagnostic.fail" => fail(context),
                other => Err(EngineError::fail(
                    ErrorCode::InvalidRequest,
                    format!("the diagnostic engine has no operation '{other}'"),
                )),
            }
        }
        .boxed()
    }
}

/// The parameters as they came are the result.
fn echo(context: &RunContext) -> Output {
    Output {
        content_type: "application/json".to_owned(),
        body: context.input.clone(),
        artifacts: Vec::new(),
        usage: None,
        load_ms: None,
    }
}

async fn sleep(context: &RunContext) -> Result<Output, EngineError> {
    let Sleep { ms } = context.parameters()?;
    let step = Duration::from_millis(ms) / STEPS;
    for done in 1..=STEPS {
        tokio::select! {
            biased;
            () = context.cancel.cancelled() => return Err(EngineError::Canceled),
            () = tokio::time::sleep(step) => {}
        }
        context.reply.progress(f64::from(done) / f64::from(STEPS)).await;
    }
    document(&json!({ "slept_ms": ms }))
}

fn fail(context: &RunContext) -> Result<Output, EngineError> {
    let Fail { times, retryable, message } = context.parameters()?;
    if times.is_some_and(|times| context.attempt > times) {
        return document(&json!({ "attempts": context.attempt }));
    }
    let message = message.unwrap_or_else(|| "failed as asked".to_owned());
    Err(if retryable {
        EngineError::retry(ErrorCode::EngineFailed, message)
    } else {
        EngineError::fail(ErrorCode::EngineFailed, message)
    })
}

fn document(value: &serde_json::Value) -> Result<Output, EngineError> {
    Output::json(value)
        .map_err(|error| EngineError::fail(ErrorCode::Internal, format!("no result: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::testing;

    async fn run(operation: &str, input: &str, attempt: u32) -> Result<Output, EngineError> {
        let mut context = testing::context(operation, MODEL, input, false);
        context.attempt = attempt;
        DiagnosticEngine::new(1).run(&context).await
    }

    #[tokio::test]
    async fn echo_answers_its_input_byte_for_byte() {
        let input = r#"{ "n": 1.50, "deep": [null] }"#;
        assert_eq!(run("diagnostic.echo", input, 1).await.unwrap().body, input);
    }

    #[tokio::test(start_paused = true)]
    async fn sleep_takes_its_time() {
        let start = tokio::time::Instant::now();
        run("diagnostic.sleep", r#"{"ms":60000}"#, 1).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 60);
    }

    #[tokio::test]
    async fn sleep_ends_when_it_is_cancelled() {
        let context = testing::context("diagnostic.sleep", MODEL, r#"{"ms":3600000}"#, false);
        let engine = DiagnosticEngine::new(1);
        let run = engine.run(&context);
        context.cancel.cancel();
        assert!(matches!(run.await, Err(EngineError::Canceled)));
    }

    #[tokio::test]
    async fn fail_fails_as_often_as_asked() {
        let input = r#"{"times":2,"message":"broken on purpose"}"#;
        for attempt in 1..=2 {
            let Err(EngineError::Retry { error, .. }) =
                run("diagnostic.fail", input, attempt).await
            else {
                panic!("attempt {attempt} must fail in a way that may pass");
            };
            assert_eq!(error.message, "broken on purpose");
        }
        assert!(run("diagnostic.fail", input, 3).await.is_ok());
        let forever = run("diagnostic.fail", r#"{"retryable":false}"#, 9).await;
        assert!(matches!(forever, Err(EngineError::Fail(_))));
    }

    #[tokio::test]
    async fn wrong_parameters_are_the_callers_fault() {
        let wrong = run("diagnostic.sleep", r#"{"ms":"long"}"#, 1).await;
        assert!(
            matches!(wrong, Err(EngineError::Fail(error)) if error.code == ErrorCode::InvalidRequest)
        );
    }
}
