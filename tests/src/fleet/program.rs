//! The program that a fleet runs.

use std::path::PathBuf;

/// The binary `millrace`, as it was built beside the test that runs.
pub(crate) fn program() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    // target/<profile>/deps/<test>: the binary lies one folder up.
    let program = test
        .ancestors()
        .skip(1)
        .map(|folder| folder.join("millrace"))
        .find(|program| program.is_file());
    program.unwrap_or_else(|| {
        panic!(
            "the binary `millrace` is not beside {}: build it with `cargo build --package cli`, or run `make test`",
            test.display()
        )
    })
}

/// Where programs are looked for: those that set-up installed come first.
pub(crate) fn search_path() -> std::ffi::OsString {
    let installed = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.tools/bin");
    let others = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(installed).chain(std::env::split_paths(&others));
    std::env::join_paths(all).expect("no folder of the path has a colon in its name")
}
