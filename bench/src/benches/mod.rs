//! The benches, in the order of their report.

mod backlog;
mod call;
mod files;
mod fill;
mod jobs;
mod media;
mod models;
mod pickup;
mod probe;
mod start;
mod stream;
mod subject;
mod submit;
mod sync;
mod webhook;

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
    /// Measures.
    pub(crate) run: fn(&Context) -> LocalBoxFuture<'_, anyhow::Result<Sheet>>,
}

/// Every bench.
const ALL: &[Bench] = &[
    Bench {
        name: "submit",
        about: "Accepted jobs a second over HTTP: one by one, and 500 in a request.",
        run: |context| submit::run(context).boxed_local(),
    },
    Bench {
        name: "jobs",
        about: "Jobs that do nothing, the whole way: drained from a backlog, and picked up from an idle queue.",
        run: |context| jobs::run(context).boxed_local(),
    },
    Bench {
        name: "sync",
        about: "A synchronous chat: what is added to calling the upstream directly.",
        run: |context| sync::run(context).boxed_local(),
    },
    Bench {
        name: "stream",
        about: "Streamed tokens: what is added, how many streams go on without a stall, and their memory.",
        run: |context| stream::run(context).boxed_local(),
    },
    Bench {
        name: "backlog",
        about: "Submit, pull and status while a thousand, 100 thousand and a million jobs are queued.",
        run: |context| backlog::run(context).boxed_local(),
    },
    Bench {
        name: "models",
        about: "Submit, pickup and status with 10, 200 and 1,000 model queues.",
        run: |context| models::run(context).boxed_local(),
    },
    Bench {
        name: "webhook",
        about: "Webhooks: to one receiver, and to a hundred of which some are dead and some are slow.",
        run: |context| webhook::run(context).boxed_local(),
    },
    Bench {
        name: "files",
        about: "Uploads, downloads and parts of files, against nginx.",
        run: |context| files::run(context).boxed_local(),
    },
    Bench {
        name: "media",
        about: "A picture scaled and a film encoded, against the tools called by hand.",
        run: |context| media::run(context).boxed_local(),
    },
    Bench {
        name: "start",
        about: "From exec to ready, and idle memory, of each role and of `millrace up`.",
        run: |context| start::run(context).boxed_local(),
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
