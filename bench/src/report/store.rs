//! Figures as files.

use std::path::Path;

use anyhow::Context as _;

use super::markdown::markdown;
use super::row::Found;

/// Keeps the figures of a bench as `NAME.json`, and writes `report.md` of all that are kept there.
pub(crate) fn save(folder: &Path, found: &Found, order: &[&str]) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let file = folder.join(format!("{}.json", found.bench));
    std::fs::write(&file, serde_json::to_vec_pretty(found)?)
        .with_context(|| format!("{} can not be written", file.display()))?;
    std::fs::write(folder.join("report.md"), markdown(&load_all(folder, order)?))?;
    Ok(())
}

/// The figures that are kept, in this order.
pub(crate) fn load_all(folder: &Path, order: &[&str]) -> anyhow::Result<Vec<Found>> {
    let mut all = Vec::new();
    for name in order {
        let file = folder.join(format!("{name}.json"));
        if file.is_file() {
            let read = std::fs::read(&file)?;
            let found = serde_json::from_slice(&read);
            all.push(found.with_context(|| format!("{} is not readable", file.display()))?);
        }
    }
    Ok(all)
}
