//! Paths and links.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{ROOT, documents, quoted};

#[test]
fn paths_and_links_lead_somewhere() {
    let folders: Vec<String> = fs::read_dir(ROOT)
        .unwrap()
        .filter_map(|entry| Some(format!("{}/", entry.ok()?.file_name().to_str()?)))
        .collect();
    for (name, text) in documents() {
        let plain = |path: &str| !path.contains(['*', '<', '…', ' ', '{']);
        for path in quoted(&text).into_iter().filter(|path| plain(path)) {
            if folders
                .iter()
                .any(|folder| path.starts_with(folder) && folder != "target/" && folder != "data/")
            {
                assert!(Path::new(ROOT).join(&path).exists(), "{name}: there is no {path}");
            }
        }
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = Path::new(ROOT).join(&name).parent().unwrap().join(path);
            let target = if path.is_empty() { Path::new(ROOT).join(&name) } else { target };
            assert!(target.exists(), "{name}: {link} leads nowhere");
            let found = anchor.is_empty()
                || headings(&fs::read_to_string(target).unwrap()).contains(anchor);
            assert!(found, "{name}: there is no heading {link}");
        }
    }
}

/// The headings of a document as links name them.
fn headings(text: &str) -> BTreeSet<String> {
    let titles = text
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim());
    let slug = |title: &str| -> String {
        let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-'));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    };
    titles.map(slug).collect()
}
