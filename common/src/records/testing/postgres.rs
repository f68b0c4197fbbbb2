//! A real PostgreSQL for tests: one private cluster for each test binary, on a free port, gone with its process.

use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The user `nobody`, and the group with it: PostgreSQL refuses to run as root.
const NOBODY: u32 = 65_534;

/// Starts the server and waits for the end of its input, which comes when the test process ends in whatever way; then
/// stops the server by its process id and removes its folder. A server that is only just starting ignores the signal,
/// so it is sent until the server is gone.
const GUARD: &str = r#"
"$1/postgres" -D "$2/data" -p "$3" -k "$2" -c listen_addresses=127.0.0.1 -c fsync=off \
    -c full_page_writes=off -c max_connections=200 -c shared_buffers=16MB >"$2/log" 2>&1 </dev/null &
server=$!
read -r _
(while kill -QUIT "$server" 2>/dev/null; do sleep 0.1; done) &
wait "$server"
rm -rf "$2"
"#;

/// A running PostgreSQL.
pub struct Postgres {
    port: u16,
    programs: PathBuf,
    folder: PathBuf,
    databases: AtomicU32,
    guard: Child,
}

impl Postgres {
    /// The one of this test process; started when it is first asked for. Blocks for a few seconds then.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Starts one. It stops when it is dropped, or with the process.
    pub fn start() -> Self {
        let programs = programs();
        let folder = tempfile::Builder::new().prefix("millrace-pg-").tempdir().expect("a folder");
        let folder = folder.keep();
        let user = unprivileged();
        if let Some(user) = user {
            std::os::unix::fs::chown(&folder, Some(user), Some(user)).expect("root may chown");
        }
        let made = as_user(&mut Command::new(programs.join("initdb")), user)
            .args(["--no-sync", "--username=postgres", "--auth=trust", "--encoding=UTF8", "-D"])
            .arg(folder.join("data"))
            .current_dir("/")
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let port = crate::bus::testing::free_port();
        let guard = as_user(&mut Command::new("sh"), user)
            .args(["-c", GUARD, "guard"])
            .arg(&programs)
            .arg(&folder)
            .arg(port.to_string())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh runs");
        let postgres = Self { port, programs, folder, databases: AtomicU32::new(0), guard };
        postgres.wait();
        postgres
    }

    /// Makes an empty database and returns its URL. Blocks.
    pub fn new_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let made = self.psql(&format!("CREATE DATABASE {name}"));
        assert!(made.is_ok(), "{made:?}");
        format!("postgres://postgres@127.0.0.1:{}/{name}?sslmode=disable", self.port)
    }

    /// Runs a statement as an operator would. Blocks.
    pub fn psql(&self, statement: &str) -> Result<String, String> {
        let port = self.port.to_string();
        let run = Command::new(self.programs.join("psql"))
            .args(["-X", "-q", "-A", "-t", "-h", "127.0.0.1", "-p", &port, "-U", "postgres"])
            .args(["-c", statement, "postgres"])
            .output()
            .expect("psql runs");
        if run.status.success() {
            Ok(String::from_utf8_lossy(&run.stdout).trim().to_owned())
        } else {
            Err(String::from_utf8_lossy(&run.stderr).into_owned())
        }
    }

    fn wait(&self) {
        let started = Instant::now();
        while self.psql("SELECT 1").is_err() {
            if started.elapsed() > Duration::from_secs(30) {
                let mut log = String::new();
                let _ = std::fs::File::open(self.folder.join("log"))
                    .and_then(|mut file| file.read_to_string(&mut log));
                panic!("PostgreSQL does not start: {log}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

/// Where PostgreSQL's programs are: together on the path, or where Debian puts the newest version.
fn programs() -> PathBuf {
    let is_complete =
        |folder: &PathBuf| ["initdb", "postgres", "psql"].iter().all(|p| folder.join(p).is_file());
    let on_path = std::env::var_os("PATH")
        .iter()
        .flat_map(|path| std::env::split_paths(path).collect::<Vec<_>>())
        .find(is_complete);
    let by_debian = || {
        let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
        let mut versions: Vec<_> = versions.flatten().map(|entry| entry.path()).collect();
        versions.sort_by_key(|path| version(path));
        versions.into_iter().rev().map(|path| path.join("bin")).find(is_complete)
    };
    on_path
        .or_else(by_debian)
        .expect("PostgreSQL is installed (Debian: apt-get install postgresql)")
}

fn version(path: &Path) -> Option<u32> {
    path.file_name()?.to_str()?.parse().ok()
}

/// Whom to become when this process is root.
fn unprivileged() -> Option<u32> {
    let process = std::fs::metadata("/proc/self").expect("/proc is mounted");
    (process.uid() == 0).then_some(NOBODY)
}

fn as_user(command: &mut Command, user: Option<u32>) -> &mut Command {
    match user {
        Some(user) => command.uid(user).gid(user),
        None => command,
    }
}
