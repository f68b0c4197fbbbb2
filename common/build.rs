//! A new migration triggers a rebuild: `sqlx::migrate!` embeds the folder without telling cargo of it.
#![expect(clippy::print_stdout, reason = "this is how a build script talks to cargo")]

fn main() {
    println!("cargo::rerun-if-changed=../schemas/sql");
}
