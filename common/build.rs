//! A new migration triggers a rebuild: `sqlx::migrate!` embeds the folder without telling cargo of it.

fn main() {
    println!("cargo::rerun-if-changed=../schemas/sql");
}
