//! Where the programs are.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Context as _;

/// The folder of this crate's sources: scripts and tools are found from there.
pub(crate) fn crate_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The `millrace` that was built beside this program, so that both are of one build.
pub(crate) fn millrace() -> anyhow::Result<PathBuf> {
    let here = std::env::current_exe().context("the own path is not known")?;
    let folder = here.parent().context("the own path has no folder")?;
    let program = folder.join("millrace");
    anyhow::ensure!(
        program.is_file(),
        "the program `millrace` is not beside {}: run `make bench`, or build it with `cargo build --package cli` \
         and the same profile",
        here.display()
    );
    Ok(program)
}

/// The nats-server that set-up installed, else the one on the path.
pub(crate) fn nats_server() -> PathBuf {
    let installed = crate_dir().join("../.tools/bin/nats-server");
    if installed.is_file() { installed } else { PathBuf::from("nats-server") }
}

/// Where programs are looked for: those that set-up installed come first.
pub(crate) fn search_path() -> OsString {
    let installed = crate_dir().join("../.tools/bin");
    let others = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(installed).chain(std::env::split_paths(&others));
    std::env::join_paths(all).unwrap_or(others)
}

/// A loopback port that was free a moment ago.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    let listener =
        std::net::TcpListener::bind(("127.0.0.1", 0)).context("no loopback port is free")?;
    Ok(listener.local_addr()?.port())
}
