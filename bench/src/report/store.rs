//! Figures as files.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::markdown::markdown;
use super::row::{Found, Run};

/// Keeps the figures of a bench as `NAME.json`, and writes `report.md` of what this run has found so far.
pub(crate) fn save(folder: &Path, found: &Found, order: &[&str]) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let file = file(folder, &found.bench);
    std::fs::write(&file, serde_json::to_vec_pretty(found)?)
        .with_context(|| format!("{} can not be written", file.display()))?;
    // What another version has left may not be readable, and is not of this run.
    let all = order.iter().filter_map(|name| load(folder, name).ok().flatten());
    let of_run: Vec<Found> = all.filter(|other| other.run.id == found.run.id).collect();
    std::fs::write(folder.join("report.md"), markdown(&of_run))?;
    Ok(())
}

/// The figures that are kept, in this order.
pub(crate) fn load_all(folder: &Path, order: &[&str]) -> anyhow::Result<Vec<Found>> {
    order.iter().filter_map(|name| load(folder, name).transpose()).collect()
}

/// Removes all figures: a whole run begins with none, so that nothing of another stays among them.
pub(crate) fn clear(folder: &Path, order: &[&str]) -> anyhow::Result<()> {
    let files = order.iter().map(|name| file(folder, name)).chain([folder.join("report.md")]);
    for file in files.filter(|file| file.exists()) {
        std::fs::remove_file(&file)
            .with_context(|| format!("{} can not be removed", file.display()))?;
    }
    Ok(())
}

/// The one run that all of these figures are of; an error when they are not all of one whole run.
pub(crate) fn one_run<'a>(all: &'a [Found], order: &[&str]) -> anyhow::Result<&'a Run> {
    let missing: Vec<&str> = order
        .iter()
        .filter(|name| !all.iter().any(|found| found.bench == **name))
        .copied()
        .collect();
    anyhow::ensure!(missing.is_empty(), "there are no figures of {}", missing.join(", "));
    let run = &all.first().context("there are no figures")?.run;
    if let Some(other) = all.iter().find(|found| found.run.id != run.id) {
        anyhow::bail!(
            "the figures are of several runs: {} of {}, {} of {}; run all benches at once",
            all[0].bench,
            run.id,
            other.bench,
            other.run.id
        );
    }
    anyhow::ensure!(all.iter().all(|found| !found.smoke), "they are of a trial");
    Ok(run)
}

fn load(folder: &Path, name: &str) -> anyhow::Result<Option<Found>> {
    let file = file(folder, name);
    if !file.is_file() {
        return Ok(None);
    }
    let found = serde_json::from_slice(&std::fs::read(&file)?);
    found.with_context(|| format!("{} is not readable", file.display())).map(Some)
}

fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.json"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::summary::tests::found;

    #[test]
    fn only_the_figures_of_one_whole_run_are_of_one_run() {
        let (one, two) = (found("a", "run 1"), found("b", "run 1"));
        assert_eq!(one_run(&[one.clone(), two.clone()], &["a", "b"]).unwrap().id, "run 1");
        let partial = one_run(std::slice::from_ref(&one), &["a", "b"]).unwrap_err().to_string();
        assert_eq!(partial, "there are no figures of b");
        let two_runs = [one.clone(), found("b", "run 2")];
        let mixed = one_run(&two_runs, &["a", "b"]);
        assert!(mixed.unwrap_err().to_string().contains("several runs"));
        let trial = Found { smoke: true, ..two };
        assert!(one_run(&[one, trial], &["a", "b"]).is_err());
    }

    #[test]
    fn a_report_is_of_one_run_and_a_whole_run_begins_with_none() {
        let folder = tempfile::tempdir().unwrap();
        save(folder.path(), &found("a", "run 1"), &["a", "b"]).unwrap();
        save(folder.path(), &found("b", "run 2"), &["a", "b"]).unwrap();
        let report = std::fs::read_to_string(folder.path().join("report.md")).unwrap();
        assert!(report.contains("### `b`") && !report.contains("### `a`"), "{report}");
        assert_eq!(load_all(folder.path(), &["a", "b"]).unwrap().len(), 2);
        clear(folder.path(), &["a", "b"]).unwrap();
        assert!(load_all(folder.path(), &["a", "b"]).unwrap().is_empty());
    }
}
