//! On what was measured.

use serde::{Deserialize, Serialize};

/// The machine and the programs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// The processor's name.
    pub(crate) processor: String,
    /// Cores that this process may use.
    pub(crate) cores: usize,
    /// Memory in GiB.
    pub(crate) memory_gib: f64,
    /// The kernel's release.
    pub(crate) kernel: String,
    /// Version of the broker.
    pub(crate) nats_server: String,
    /// Version of Millrace.
    pub(crate) millrace: String,
}

impl Machine {
    /// Looks at this one.
    pub(crate) fn here() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
        };
        let kib = field(&read("/proc/meminfo"), "MemTotal")
            .and_then(|value| value.split_whitespace().next()?.parse::<f64>().ok());
        Self {
            processor: field(&read("/proc/cpuinfo"), "model name").unwrap_or_default(),
            cores: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
            memory_gib: (kib.unwrap_or_default() / 104_857.6).round() / 10.0,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            nats_server: version_of(&crate::system::programs::nats_server()),
            millrace: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// The last word that a program says about its version.
fn version_of(program: &std::path::Path) -> String {
    let said = std::process::Command::new(program).arg("--version").output();
    let text = said.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    text.unwrap_or_default().split_whitespace().last().unwrap_or("unknown").to_owned()
}
