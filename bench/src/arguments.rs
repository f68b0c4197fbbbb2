//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::system::programs::crate_dir;

/// Measures Millrace against the raw limit of NATS, against its peers and against itself.
#[derive(Debug, Parser)]
#[command(name = "bench", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    /// The benches to run; none or `all`: every one.
    pub(crate) names: Vec<String>,
    /// Rounds of which medians are taken.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=20))]
    pub(crate) rounds: u16,
    /// How long all of it may take. When time runs short, later rounds of peers fall away, and the tables show it
    /// [default: 28 for all benches].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=600))]
    pub(crate) minutes: Option<u16>,
    /// Tiny amounts, one round, no peers: tries whether everything works. The figures mean nothing.
    #[arg(long)]
    pub(crate) smoke: bool,
    /// Do not install or measure peers.
    #[arg(long)]
    pub(crate) no_peers: bool,
    /// Where the figures go [default: the folder `bench` of the build].
    #[arg(long, value_name = "DIR", global = true)]
    out: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

impl Arguments {
    /// Where the figures go.
    pub(crate) fn out(&self) -> PathBuf {
        self.out.clone().unwrap_or_else(|| target_dir().join("bench"))
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Shows the figures of earlier runs as Markdown.
    Report(ReportOptions),
    /// Runs the mock upstream alone.
    Mock(MockOptions),
}

#[derive(Args, Debug)]
pub(crate) struct ReportOptions {
    /// Put them into this page, between its two marks.
    #[arg(long, value_name = "FILE")]
    pub(crate) into: Option<PathBuf>,
}

#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct MockOptions {
    /// Where to listen on the loopback address.
    #[arg(long)]
    pub(crate) port: u16,
    /// How many models to list.
    #[arg(long, default_value_t = 1)]
    pub(crate) models: usize,
}

/// The folder of the build: this program lies in it, one folder deep.
fn target_dir() -> PathBuf {
    let here = std::env::current_exe().ok();
    let target = here.as_deref().and_then(|here| here.ancestors().nth(2));
    target.map_or_else(|| crate_dir().join("../target"), PathBuf::from)
}
