//! The names of the rows.

use crate::system::Sync;

use super::{BULK, OPEN_RATE};

/// What a system is like while jobs are submitted to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    /// When acked messages are on the disk.
    pub(super) sync: Sync,
    /// Whether a keeper records the jobs.
    pub(super) keeper: bool,
    /// Whether the roles log at the default level instead of warnings only.
    pub(super) logs: bool,
}

impl Setting {
    /// With a keeper, the broker's own syncs, quiet.
    pub(super) const PLAIN: Self = Self { sync: Sync::Default, keeper: true, logs: false };
    /// The same, synced before every ack, as Millrace configures the broker.
    pub(super) const DURABLE: Self = Self { sync: Sync::Always, ..Self::PLAIN };
    /// The same without a keeper.
    pub(super) const ALONE: Self = Self { keeper: false, ..Self::PLAIN };
    /// The same at the default log level.
    pub(super) const LOGGING: Self = Self { logs: true, ..Self::PLAIN };

    fn words(self) -> String {
        let fsync = if self.sync == Sync::Always { ", fsync before every ack" } else { "" };
        let keeper = if self.keeper { "" } else { ", no keeper" };
        let logs = if self.logs { ", default log level" } else { "" };
        format!("{fsync}{keeper}{logs}")
    }
}

/// Raw publishes over so many connections.
pub(super) fn raw(at_once: usize, connections: usize, sync: Sync) -> String {
    let words = Setting { sync, ..Setting::PLAIN }.words();
    let plural = if connections == 1 { "" } else { "s" };
    format!("raw JetStream publish, {at_once} at once over {connections} connection{plural}{words}")
}

/// Submits one by one.
pub(super) fn single(connections: usize, setting: Setting) -> String {
    let plural = if connections == 1 { "" } else { "s" };
    format!("one by one, {connections} connection{plural}{}", setting.words())
}

/// The bulk route.
pub(super) fn bulk(setting: Setting) -> String {
    format!("bulk, {BULK} jobs a request{}", setting.words())
}

/// The same figure, but with the time that the keeper needs until all is recorded.
pub(super) fn recorded(row: &str) -> String {
    format!("{row}: until recorded")
}

/// Latencies at a steady rate.
pub(super) fn open(who: &str, percent: u32) -> String {
    format!("{who} at {OPEN_RATE:.0}/s, p{percent}")
}

/// Submits of a peer.
pub(super) fn enqueue(peer: &str, profile: &str) -> String {
    format!("{peer}: enqueue{}", fsync(profile))
}

/// Submits of a peer that takes many at once.
pub(super) fn peer_bulk(peer: &str, profile: &str) -> String {
    format!("{peer}: bulk{}", fsync(profile))
}

fn fsync(profile: &str) -> &'static str {
    if profile == "fsync" { ", fsync" } else { "" }
}
