//! Every bench, tried with tiny amounts and without peers: the programs, the load and the report must work. The figures
//! mean nothing.

use std::process::Command;

use serde_json::Value;

fn tried(name: &str) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let run = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["--smoke", "--out"])
        .arg(folder.path())
        .arg(name)
        .output()
        .expect("the bench can be started");
    let (out, errors) =
        (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{out}\n{errors}");
    let kept =
        std::fs::read(folder.path().join(format!("{name}.json"))).expect("figures were kept");
    let found: Value = serde_json::from_slice(&kept).expect("they are JSON");
    assert_eq!(found["smoke"], true);
    let rows = found["rows"].as_array().expect("there are rows");
    assert!(!rows.is_empty());
    for row in rows {
        assert!(row["value"].is_f64(), "a figure is missing: {row}");
    }
    let report = std::fs::read_to_string(folder.path().join("report.md")).expect("a report");
    assert!(report.contains(&format!("### `{name}`")), "{report}");
    let left = std::fs::read_dir(folder.path().join("work")).expect("the folder of the systems");
    let left = left.flatten().filter(|entry| entry.path().is_dir()).count();
    assert_eq!(left, 0, "data of systems was left behind");
}

#[test]
fn submit() {
    tried("submit");
}

#[test]
fn jobs() {
    tried("jobs");
}

#[test]
fn sync() {
    tried("sync");
}

#[test]
fn stream() {
    tried("stream");
}

#[test]
fn backlog() {
    tried("backlog");
}

#[test]
fn models() {
    tried("models");
}

#[test]
fn start() {
    tried("start");
}

#[test]
fn an_unknown_bench_is_told_with_those_there_are() {
    let run = Command::new(env!("CARGO_BIN_EXE_bench")).arg("sbumit").output().expect("it starts");
    assert!(!run.status.success());
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(said.contains("there is no bench 'sbumit'") && said.contains("submit "), "{said}");
}

#[test]
fn webhook() {
    tried("webhook");
}

#[test]
fn files() {
    tried("files");
}

#[test]
fn media() {
    tried("media");
}
