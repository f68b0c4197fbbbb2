//! The `millrace` binary: every role, all of them in one process, and the tools of an operator.

mod admin;
mod arguments;
mod assemble;
mod demo;
mod doctor;
mod failure;
mod output;
mod programs;
mod role;
mod up;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use failure::Failure;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    common::telemetry::install_crypto();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return Failure::general(format!("no threads can be started: {error}")).report();
        }
    };
    let outcome = runtime.block_on(run(arguments));
    // What a hard stop left behind must not keep the process.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { api, json, command } = arguments;
    match command {
        Command::Up(options) => Box::pin(up::run(options)).await,
        Command::Gateway(options) => role::gateway(options).await,
        Command::Worker(options) => role::worker(options).await,
        Command::Dispatcher(options) => role::dispatcher(options).await,
        Command::Keeper(options) => role::keeper(options).await,
        Command::Keys { action } => admin::keys(&api, json, action).await,
        Command::Jobs { action } => admin::jobs(&api, json, action).await,
        Command::Queues => admin::queues(&api, json).await,
        Command::Workers => admin::workers(&api, json).await,
        Command::Doctor(options) => doctor::run(&api, json, options).await,
        Command::Demo(options) => demo::run(options).await,
    }
}
