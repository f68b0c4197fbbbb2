//! The benches, in the order of their report.

mod backlog;
mod call;
mod files;
mod fill;
mod growth;
mod jobs;
mod media;
mod models;
mod peer;
mod pickup;
mod probe;
mod start;
mod stream;
mod subject;
mod submit;
mod sync;
mod webhook;

use std::time::Duration;

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;

use crate::context::Context;
use crate::report::Sheet;

/// A bench.
pub(crate) struct Bench {
    /// Its word on the command line.
    pub(crate) name: &'static str,
    /// What it measures, in a sentence.
    pub(crate) about: &'static str,
    /// Measures. When it fails, the figures until then are on the sheet.
    pub(crate) run:
        for<'a> fn(&'a Context, &'a mut Sheet) -> LocalBoxFuture<'a, anyhow::Result<()>>,
    /// States what the rows are compared with and what they are to reach.
    pub(crate) goals: fn(&Context, &mut Sheet),
    /// What it is compared with and must be installed.
    pub(crate) peers: &'static [&'static str],
    /// How many seconds a round of ours takes, and one of all peers, about.
    takes: (u64, u64),
}

impl Bench {
    /// What it needs at least: all rounds of ours, one of the peers.
    pub(crate) fn need(&self, context: &Context) -> Duration {
        let (ours, peers) = self.takes;
        let peers = if context.peers { peers } else { 0 };
        Duration::from_secs(ours * context.scale.rounds() as u64 + peers)
    }

    /// How long one round of all peers of a bench takes, about.
    pub(crate) fn peers_take(name: &str) -> Duration {
        let found = ALL.iter().find(|bench| bench.name == name);
        Duration::from_secs(found.map_or(0, |bench| bench.takes.1))
    }
}

/// Every bench.
const ALL: &[Bench] = &[
    Bench {
        name: "submit",
        about: "Accepted jobs a second over HTTP: one by one, and 500 in a request.",
        run: |context, sheet| submit::run(context, sheet).boxed_local(),
        goals: submit::state_goals,
        peers: &["bullmq", "celery", "arq", "taskiq-nats"],
        takes: (55, 45),
    },
    Bench {
        name: "jobs",
        about: "Jobs that do nothing, the whole way: drained from a backlog, and picked up from an idle queue.",
        run: |context, sheet| jobs::run(context, sheet).boxed_local(),
        goals: jobs::state_goals,
        peers: &["bullmq", "celery", "arq", "taskiq-nats", "apalis"],
        takes: (52, 70),
    },
    Bench {
        name: "sync",
        about: "A synchronous chat: what is added to calling the upstream directly.",
        run: |context, sheet| sync::run(context, sheet).boxed_local(),
        goals: sync::state_goals,
        peers: &["litellm", "smg", "portkey"],
        takes: (42, 50),
    },
    Bench {
        name: "stream",
        about: "Streamed tokens: what is added, how many streams go on without a stall, and their memory.",
        run: |context, sheet| stream::run(context, sheet).boxed_local(),
        goals: stream::state_goals,
        peers: &["litellm", "smg", "portkey"],
        takes: (16, 60),
    },
    Bench {
        name: "backlog",
        about: "Submit, pull and status while a thousand, 100 thousand and a million jobs are queued.",
        run: |context, sheet| backlog::run(context, sheet).boxed_local(),
        goals: backlog::state_goals,
        peers: &[],
        takes: (50, 0),
    },
    Bench {
        name: "models",
        about: "Submit, pickup and status with 10, 200 and 1,000 model queues.",
        run: |context, sheet| models::run(context, sheet).boxed_local(),
        goals: models::state_goals,
        peers: &[],
        takes: (32, 0),
    },
    Bench {
        name: "webhook",
        about: "Webhooks: to one receiver, and to a hundred of which some are dead and some are slow.",
        run: |context, sheet| webhook::run(context, sheet).boxed_local(),
        goals: webhook::state_goals,
        peers: &[],
        takes: (33, 0),
    },
    Bench {
        name: "files",
        about: "Uploads, downloads and parts of files, against nginx.",
        run: |context, sheet| files::run(context, sheet).boxed_local(),
        goals: files::state_goals,
        peers: &["nginx"],
        takes: (26, 25),
    },
    Bench {
        name: "media",
        about: "A picture scaled and a film encoded, against the tools called by hand.",
        run: |context, sheet| media::run(context, sheet).boxed_local(),
        goals: media::state_goals,
        peers: &["vips", "ffmpeg"],
        takes: (29, 0),
    },
    Bench {
        name: "start",
        about: "From exec to ready, and idle memory, of each role and of `millrace up`.",
        run: |context, sheet| start::run(context, sheet).boxed_local(),
        goals: start::state_goals,
        peers: &[],
        takes: (11, 0),
    },
];

/// Their names.
pub(crate) fn names() -> Vec<&'static str> {
    ALL.iter().map(|bench| bench.name).collect()
}

/// Those of these names, in the order of the report; none or `all` means every one.
pub(crate) fn choose(names: &[String]) -> anyhow::Result<Vec<&'static Bench>> {
    let known = |name: &String| name == "all" || ALL.iter().any(|bench| bench.name == name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        let list: Vec<String> = ALL.iter().map(Bench::to_string).collect();
        anyhow::bail!("there is no bench '{unknown}'; there are:\n  {}", list.join("\n  "));
    }
    let all = names.is_empty() || names.iter().any(|name| name == "all");
    Ok(ALL.iter().filter(|bench| all || names.iter().any(|name| name == bench.name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_and_all_mean_every_bench() {
        assert_eq!(choose(&[]).unwrap().len(), ALL.len());
        assert_eq!(choose(&["all".to_owned()]).unwrap().len(), ALL.len());
        assert_eq!(choose(&["submit".to_owned()]).unwrap()[0].name, "submit");
        assert!(choose(&["nothing".to_owned()]).is_err());
    }
}
