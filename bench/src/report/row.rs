//! What a bench found, as it is kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::goal::Reached;
use super::machine::Machine;

/// One figure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) name: String,
    /// Of the figure.
    pub(crate) unit: String,
    /// The median of the rounds, or the quantile of the times of all; absent when it could not be measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<f64>,
    /// The figure of each round.
    pub(crate) rounds: Vec<f64>,
    /// What it is compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) against: Option<Against>,
    /// What it was to reach.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) goals: Vec<Reached>,
    /// Microseconds of processor time of each process for one operation.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) cpu_us: BTreeMap<String, f64>,
    /// The most memory of each process, in MiB.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) peak_mib: BTreeMap<String, f64>,
    /// What else is to be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
}

/// A comparison with another row of the same run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Against {
    /// The other row.
    pub(crate) row: String,
    /// How many times the other figure this one is; absent when one side was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ratio: Option<f64>,
}

/// One run of the program, which may have been of several benches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// When it began, RFC 3339, and its process: no two runs have the same.
    pub(crate) id: String,
    /// The revision of the sources, with `+changes` when they had any.
    pub(crate) revision: String,
    /// What was asked for.
    pub(crate) options: String,
}

/// A bench's figures of one run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Found {
    /// The bench.
    pub(crate) bench: String,
    /// What it measures.
    pub(crate) about: String,
    /// In which run.
    pub(crate) run: Run,
    /// When it ended, RFC 3339.
    pub(crate) ended_at: String,
    /// How long it took, in seconds.
    pub(crate) took_s: f64,
    /// How many rounds the medians are of.
    pub(crate) rounds: usize,
    /// Whether it was only tried: amounts so small that the figures mean nothing.
    pub(crate) smoke: bool,
    /// Where.
    pub(crate) machine: Machine,
    /// Why it ended before its time, if it did; its rows are what was found until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failed: Option<String>,
    /// What is to be known of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) remarks: Vec<String>,
    /// The figures.
    pub(crate) rows: Vec<Row>,
}
