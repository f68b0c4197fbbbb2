//! Plays the corpus through the targets: what was found once stays mended, and no target rots.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{} can not be read: {error}", folder.display()));
    let name =
        |entry: std::io::Result<std::fs::DirEntry>| entry.ok()?.file_name().into_string().ok();
    entries.map(|entry| name(entry).expect("it has a plain name")).collect()
}

#[test]
fn every_target_has_seeds_and_every_seed_a_target() {
    let targets: BTreeSet<_> = fuzz::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&corpus()), targets);
}

#[test]
fn the_corpus_holds() {
    for (name, target) in fuzz::TARGETS {
        target(b"");
        let folder = corpus().join(name);
        for seed in names(&folder) {
            let data = std::fs::read(folder.join(&seed)).unwrap();
            assert!(data.len() <= 64 * 1024, "{name}/{seed} is no small seed");
            println!("{name}/{seed}");
            target(&data);
            // Cut and twisted a little, which costs nothing.
            for cut in 0..data.len().min(512) {
                target(&data[..cut]);
                let mut twisted = data.clone();
                twisted[cut] ^= 1 << (cut % 8);
                target(&twisted);
            }
        }
    }
}
