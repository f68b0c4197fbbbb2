//! `millrace doctor`: checks what Millrace depends on and says what the settings can lose.

mod broker;
mod media;
mod stores;

use serde_json::json;

use crate::arguments::{Api, RoleOptions};
use crate::assemble::{self, Overrides};
use crate::failure::Failure;
use crate::output::{say, say_json};

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As it should be.
    Good,
    /// It works, and the operator should know something.
    Note,
    /// Millrace can not work so.
    Bad,
}

/// What one check found.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) what: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) text: String,
}

impl Finding {
    pub(crate) fn good(what: &'static str, text: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Good, text: text.into() }
    }

    pub(crate) fn note(what: &'static str, text: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Note, text: text.into() }
    }

    pub(crate) fn bad(what: &'static str, text: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Bad, text: text.into() }
    }
}

/// Runs every check. Exit code 1 when one is bad.
pub(crate) async fn run(api: &Api, as_json: bool, options: RoleOptions) -> Result<(), Failure> {
    let overrides = assemble::role_overrides(&options);
    let mut config = assemble::load(&options, presets(api), overrides, &[])?;
    // The broker of a running `up` in the data directory, unless another one was named.
    if options.nats.is_none() && options.config.is_none() {
        crate::up::lead_to_running_server(&api.data_dir, &mut config.nats);
    }
    let mut findings = broker::check(&config).await;
    findings.extend(stores::check(&config).await);
    findings.extend(media::check());
    findings.push(gateway(api).await);
    let bad = findings.iter().filter(|finding| finding.verdict == Verdict::Bad).count();
    if as_json {
        let list: Vec<_> = findings.iter().map(document).collect();
        say_json(&json!({"ok": bad == 0, "findings": list}));
    } else {
        for Finding { what, verdict, text } in &findings {
            let mark = match verdict {
                Verdict::Good => "ok  ",
                Verdict::Note => "note",
                Verdict::Bad => "BAD ",
            };
            say(&format!("{mark}  {what:<14} {text}"));
        }
    }
    if bad == 0 { Ok(()) } else { Err(Failure::general(format!("{bad} of the checks failed"))) }
}

fn document(finding: &Finding) -> serde_json::Value {
    let verdict = match finding.verdict {
        Verdict::Good => "good",
        Verdict::Note => "note",
        Verdict::Bad => "bad",
    };
    json!({"check": finding.what, "verdict": verdict, "text": finding.text})
}

/// Where `up` keeps its stores, so that the doctor looks at the same ones.
fn presets(api: &Api) -> Overrides {
    let Ok(dir) = api.data_dir.canonicalize() else { return Overrides::new() };
    vec![
        ("objects.url".to_owned(), format!("file://{}", dir.join("objects").display())),
        ("records.url".to_owned(), format!("sqlite://{}", dir.join("records.sqlite").display())),
    ]
}

async fn gateway(api: &Api) -> Finding {
    let probe = async {
        let client = reqwest::Client::builder()
            .timeout(std::time::Duration::from_secs(3))
            .no_proxy()
            .build()
            .ok()?;
        client.get(format!("{}/readyz", api.url.trim_end_matches('/'))).send().await.ok()
    };
    match probe.await {
        Some(answer) if answer.status().is_success() => {
            Finding::good("gateway", format!("{} is ready", api.url))
        }
        Some(answer) => {
            let text = answer.text().await.unwrap_or_default();
            Finding::bad("gateway", format!("{} is not ready: {text}", api.url))
        }
        None => Finding::note("gateway", format!("none answers at {}", api.url)),
    }
}
