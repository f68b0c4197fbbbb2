//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::{StringValueParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand};
use common::job::JobId;

/// A self-hosted job queue and API gateway for AI work, on NATS JetStream.
#[derive(Debug, Parser)]
#[command(name = "millrace", version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) api: Api,
    /// Print JSON for programs instead of tables for people.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where a gateway listens that nobody told otherwise.
pub(crate) const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// Which gateway the admin commands talk to.
#[derive(Args, Clone, Debug)]
pub(crate) struct Api {
    /// The gateway.
    #[arg(
        long,
        env = "MILLRACE_URL",
        default_value = DEFAULT_URL,
        value_parser = StringValueParser::new().map(address),
        global = true
    )]
    pub(crate) url: String,
    /// An API key; without one the file admin.key of the data directory is read.
    #[arg(long, env = "MILLRACE_API_KEY", hide_env_values = true, global = true)]
    pub(crate) key: Option<String>,
    /// Where `up` keeps its data.
    #[arg(long, env = "MILLRACE_DATA_DIR", default_value = "data", global = true)]
    pub(crate) data_dir: PathBuf,
}

/// An empty address counts as none, like every variable of ours that is empty.
fn address(text: String) -> String {
    if text.trim().is_empty() { DEFAULT_URL.to_owned() } else { text }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run everything in one process, with a nats-server of its own.
    Up(UpOptions),
    /// Run the HTTP front end.
    Gateway(GatewayOptions),
    /// Run a worker.
    Worker(WorkerOptions),
    /// Run the webhook dispatcher.
    Dispatcher(RoleOptions),
    /// Run the keeper of the records.
    Keeper(RoleOptions),
    /// Make, list and revoke API keys.
    Keys {
        #[command(subcommand)]
        action: KeysAction,
    },
    /// List, show, cancel and retry jobs.
    Jobs {
        #[command(subcommand)]
        action: JobsAction,
    },
    /// Show what waits and runs, by model and lane.
    Queues,
    /// Show the workers that live.
    Workers,
    /// Check what Millrace depends on, and say what the durability settings can lose.
    Doctor(RoleOptions),
    /// Start everything, run real jobs in all three call styles, and end.
    Demo(DemoOptions),
}

/// What every role takes.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct RoleOptions {
    /// A configuration file (TOML); README.md explains its keys.
    #[arg(long, env = "MILLRACE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// The broker; several addresses are separated by commas.
    #[arg(long = "nats", value_name = "URL")]
    pub(crate) nats: Option<String>,
    /// Where health and metrics are served by a role without a gateway.
    #[arg(long = "health", value_name = "ADDR")]
    pub(crate) health: Option<SocketAddr>,
    /// Permit private targets for webhooks and input URLs (CIDR); repeatable.
    #[arg(long = "egress-allow", value_name = "CIDR")]
    pub(crate) egress_allow: Vec<String>,
}

/// What `millrace gateway` takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct GatewayOptions {
    #[command(flatten)]
    pub(crate) role: RoleOptions,
    /// Where to listen.
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
}

/// What `millrace worker` takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct WorkerOptions {
    #[command(flatten)]
    pub(crate) role: RoleOptions,
    #[command(flatten)]
    pub(crate) engines: EngineOptions,
}

/// Engines without a configuration file.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct EngineOptions {
    /// An endpoint that speaks the OpenAI protocol; repeatable. MILLRACE_LLM_KEY is its key.
    #[arg(long = "llm", value_name = "URL")]
    pub(crate) llm: Vec<String>,
    /// Edit images, video and audio with ffmpeg; on by itself where ffmpeg and ffprobe are on the path.
    #[arg(long)]
    pub(crate) ffmpeg: bool,
    /// Run the diagnostic operations.
    #[arg(long)]
    pub(crate) diagnostic: bool,
}

/// What `millrace up` takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct UpOptions {
    #[command(flatten)]
    pub(crate) role: RoleOptions,
    #[command(flatten)]
    pub(crate) engines: EngineOptions,
    /// Where to listen.
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// Where everything is kept.
    #[arg(long, env = "MILLRACE_DATA_DIR", default_value = "data")]
    pub(crate) data_dir: PathBuf,
}

/// What `millrace demo` takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct DemoOptions {
    /// An image, video or audio file to work on, instead of a made-up video.
    #[arg(long)]
    pub(crate) input: Option<PathBuf>,
    /// An endpoint that speaks the OpenAI protocol, instead of a scripted one.
    #[arg(long = "llm", value_name = "URL")]
    pub(crate) llm: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysAction {
    /// Make a key; it is shown once.
    Create {
        /// The tenant it belongs to: a-z, 0-9, '_' and '-'.
        #[arg(long, default_value = "default")]
        tenant: String,
        /// May it administer?
        #[arg(long)]
        admin: bool,
        /// What it is for.
        #[arg(long, default_value = "")]
        name: String,
    },
    /// List the keys.
    List,
    /// Revoke a key: it works no longer anywhere within seconds.
    Revoke {
        /// The key's id, as `list` shows it.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum JobsAction {
    /// List jobs, newest first.
    List {
        /// Only jobs in this state.
        #[arg(long)]
        state: Option<String>,
        /// Only jobs of this operation.
        #[arg(long)]
        operation: Option<String>,
        /// Only jobs of this model.
        #[arg(long)]
        model: Option<String>,
        /// How many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Show a job.
    Show {
        /// The job.
        id: JobId,
    },
    /// Cancel a job.
    Cancel {
        /// The job.
        id: JobId,
    },
    /// Run an ended job again, as a new one.
    Retry {
        /// The job.
        id: JobId,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_address_is_none() {
        let url = |given: &[&str]| {
            Arguments::try_parse_from([&["millrace", "queues"], given].concat()).unwrap().api.url
        };
        assert_eq!(url(&["--url", ""]), DEFAULT_URL);
        assert_eq!(url(&["--url", "http://a:1"]), "http://a:1");
    }
}
