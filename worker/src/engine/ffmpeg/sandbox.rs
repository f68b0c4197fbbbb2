//! Where a media tool runs: as far away from everything as this machine allows.
//!
//! With bubblewrap it sees no network, no other process and no file but the system's libraries (read only) and the
//! directory of its own job. Without it, it runs with resource limits, without privileges and, when the worker is
//! root, as nobody. In both cases it dies with the worker.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::options::{FfmpegOptions, SandboxMode};
use super::tools::{SetupError, Tools};

/// The id of `nobody` on every common system.
const NOBODY: u32 = 65_534;
/// Where the job's directory lies inside the sandbox.
const INSIDE: &str = "/work";
/// A tool that needs longer than this to print its version is not usable.
const VERSION_TIMEOUT: Duration = Duration::from_secs(10);

/// A way to start tools.
#[derive(Clone, Debug)]
pub(super) struct Sandbox {
    tools: Tools,
    limits: Vec<OsString>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Inside bubblewrap.
    Bubblewrap,
    /// As ourselves, without the way to more privileges.
    Plain,
    /// As nobody, because we are root.
    Nobody,
}

impl Sandbox {
    /// Finds the best way that works here, by trying it.
    pub(super) async fn find(
        tools: Tools,
        options: &FfmpegOptions,
        most_threads: usize,
    ) -> Result<Self, SetupError> {
        let limits = limits(&tools, options, most_threads);
        let inside = Self { tools: tools.clone(), limits: limits.clone(), kind: Kind::Bubblewrap };
        let found = match (options.sandbox, &tools.bwrap) {
            (SandboxMode::Off, _) => None,
            (_, Some(_)) => match inside.try_out().await {
                Ok(()) => Some(inside),
                Err(reason) if options.sandbox == SandboxMode::Require => {
                    return Err(SetupError::NoSandbox(reason));
                }
                Err(reason) => {
                    tracing::warn!(
                        reason,
                        "bubblewrap does not work here: ffmpeg runs without a sandbox"
                    );
                    None
                }
            },
            (SandboxMode::Require, None) => {
                return Err(SetupError::NoSandbox("bubblewrap is not installed".to_owned()));
            }
            (SandboxMode::Auto, None) => {
                tracing::warn!("bubblewrap is not installed: ffmpeg runs without a sandbox");
                None
            }
        };
        if let Some(sandbox) = found {
            return Ok(sandbox);
        }
        let as_nobody = nix::unistd::geteuid().is_root() && tools.setpriv.is_some();
        let kind = if as_nobody { Kind::Nobody } else { Kind::Plain };
        let outside = Self { tools, limits, kind };
        match outside.try_out().await {
            Ok(()) => Ok(outside),
            Err(reason) => Err(SetupError::Broken("ffmpeg", reason)),
        }
    }

    /// The command that runs ffmpeg on the files of `dir`, which it sees as its current directory.
    pub(super) fn ffmpeg(&self, dir: &Path) -> std::io::Result<Command> {
        self.command(&self.tools.ffmpeg, dir)
    }

    /// The command that runs ffprobe on the files of `dir`.
    pub(super) fn ffprobe(&self, dir: &Path) -> std::io::Result<Command> {
        self.command(&self.tools.ffprobe, dir)
    }

    fn command(&self, program: &Path, dir: &Path) -> std::io::Result<Command> {
        if self.kind == Kind::Nobody {
            hand_to_nobody(dir)?;
        }
        let mut words = self.limits.clone();
        match self.kind {
            Kind::Bubblewrap => words.extend(self.bubblewrap(program, dir)),
            Kind::Plain | Kind::Nobody => words.extend(self.unprivileged()),
        }
        words.push(program.into());
        let mut words = words.into_iter();
        let mut command = Command::new(words.next().unwrap_or_default());
        command
            .args(words)
            .current_dir(dir)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        Ok(command)
    }

    fn bubblewrap(&self, program: &Path, dir: &Path) -> Vec<OsString> {
        let bwrap = self.tools.bwrap.clone().unwrap_or_else(|| PathBuf::from("bwrap"));
        let mut words: Vec<OsString> = vec![bwrap.into()];
        let fixed = "--unshare-all --die-with-parent --new-session --cap-drop ALL --uid 65534 --gid 65534 \
                     --ro-bind /usr /usr --ro-bind-try /lib /lib --ro-bind-try /lib64 /lib64 \
                     --ro-bind-try /etc/ld.so.cache /etc/ld.so.cache \
                     --ro-bind-try /etc/alternatives /etc/alternatives \
                     --dev /dev";
        words.extend(fixed.split_whitespace().map(OsString::from));
        if !program.starts_with("/usr") {
            words.extend([OsString::from("--ro-bind"), program.into(), program.into()]);
        }
        words.extend([OsString::from("--bind"), dir.into(), INSIDE.into()]);
        // What is not the job's directory lies in memory; nothing is to be written there.
        words.extend(["--remount-ro", "/dev", "--remount-ro", "/"].map(OsString::from));
        words.extend(["--chdir", INSIDE, "--"].map(OsString::from));
        words
    }

    /// The signal of a parent's death is tied to the *thread* that starts the child; ours are the runtime's own
    /// threads, which live as long as the process.
    fn unprivileged(&self) -> Vec<OsString> {
        let Some(setpriv) = &self.tools.setpriv else { return Vec::new() };
        let mut words: Vec<OsString> = vec![setpriv.into()];
        words.extend(["--no-new-privs", "--pdeathsig", "KILL"].map(OsString::from));
        if self.kind == Kind::Nobody {
            let ids = NOBODY.to_string();
            words.extend(["--reuid", &ids, "--regid", &ids, "--clear-groups"].map(OsString::from));
            words.extend(["--inh-caps=-all", "--bounding-set=-all"].map(OsString::from));
        }
        words.push("--".into());
        words
    }

    async fn try_out(&self) -> Result<(), String> {
        let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mut command = self.ffmpeg(dir.path()).map_err(|error| error.to_string())?;
        command.arg("-version");
        let output = tokio::time::timeout(VERSION_TIMEOUT, command.output())
            .await
            .map_err(|_| "it does not answer".to_owned())?
            .map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(());
        }
        let stderr = String::from_utf8_lossy(&output.stderr);
        Err(stderr.lines().next().unwrap_or("it ends with an error").to_owned())
    }
}

/// Limits that hold even if every check of ours is wrong. They are inherited by what the tool starts.
fn limits(tools: &Tools, options: &FfmpegOptions, most_threads: usize) -> Vec<OsString> {
    let Some(prlimit) = &tools.prlimit else {
        tracing::warn!(
            "prlimit (util-linux) is not installed: ffmpeg runs without resource limits"
        );
        return Vec::new();
    };
    let cpu = options.time_limit.as_secs().max(1) * most_threads as u64;
    let mut words: Vec<OsString> = vec![prlimit.into()];
    words.extend(
        [
            format!("--as={}", options.memory_bytes),
            format!("--fsize={}", options.max_output_bytes),
            // The first number asks the tool to stop, the second kills it.
            format!("--cpu={cpu}:{}", cpu + 5),
            "--nofile=256".to_owned(),
            "--core=0".to_owned(),
            "--".to_owned(),
        ]
        .map(OsString::from),
    );
    words
}

/// The tool reaches the directory as its current one, so the directories above need not be open to it.
fn hand_to_nobody(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::chown;
    chown(dir, Some(NOBODY), Some(NOBODY))?;
    for entry in fs::read_dir(dir)? {
        chown(entry?.path(), Some(NOBODY), Some(NOBODY))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn sandbox(mode: SandboxMode) -> Sandbox {
        let options = FfmpegOptions { sandbox: mode, ..FfmpegOptions::default() };
        Sandbox::find(Tools::find().unwrap(), &options, 1).await.unwrap()
    }

    async fn shell(sandbox: &Sandbox, dir: &Path, script: &str) -> (bool, String) {
        let mut command = sandbox.command(Path::new("/bin/sh"), dir).unwrap();
        let output = command.args(["-c", script]).output().await.unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    #[tokio::test]
    async fn inside_there_is_nothing_but_the_job() {
        let sandbox = sandbox(SandboxMode::Require).await;
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("in.bin"), "input").unwrap();
        let shell = async |script| shell(&sandbox, dir.path(), script).await;
        assert_eq!(shell("cat in.bin; echo made > out").await, (true, "input".to_owned()));
        assert_eq!(fs::read_to_string(dir.path().join("out")).unwrap(), "made\n");
        for forbidden in [
            "cat /etc/passwd",
            "ls /home",
            "ls /proc/self",
            "echo x > /usr/x",
            "echo x > /x",
            "echo x > /dev/x",
            "echo x > /tmp/x",
            "ls /sys/class/net",
        ] {
            assert!(!shell(forbidden).await.0, "{forbidden}");
        }
        assert_eq!(shell("id -u; env | grep -c SECRET").await.1, "65534\n0");
        assert_eq!(shell("ulimit -n; ulimit -c").await.1, "256\n0");
    }

    #[tokio::test]
    async fn outside_it_has_limits_and_no_privileges() {
        let sandbox = sandbox(SandboxMode::Off).await;
        let dir = tempfile::tempdir().unwrap();
        let (works, said) =
            shell(&sandbox, dir.path(), "ulimit -n; id -u; echo x > out && cat out").await;
        assert!(works);
        let id =
            if nix::unistd::geteuid().is_root() { NOBODY } else { nix::unistd::geteuid().as_raw() };
        assert_eq!(said, format!("256\n{id}\nx"));
    }

    /// Starts a tool from a shell that stands for the worker, kills the shell and waits for the tool to go.
    async fn dies_with_its_parent(mode: SandboxMode) {
        let sandbox = sandbox(mode).await;
        let dir = tempfile::tempdir().unwrap();
        let command = sandbox.command(Path::new("/bin/sh"), dir.path()).unwrap();
        let command = command.as_std();
        let mut parent = Command::new("sh")
            .args(["-c", r#""$@" & wait"#, "sh"])
            .arg(command.get_program())
            .args(command.get_args())
            .args(["-c", "echo started > mark; while :; do sleep 0.05; date +%s%N > beat; done"])
            .current_dir(dir.path())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let beat = dir.path().join("beat");
        let read = || fs::read_to_string(&beat).unwrap_or_default();
        while read().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        parent.start_kill().unwrap();
        parent.wait().await.unwrap();
        let mut last = read();
        let begun = std::time::Instant::now();
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let now = read();
            if now == last {
                break;
            }
            last = now;
            assert!(begun.elapsed() < Duration::from_secs(5), "the tool outlives its parent");
        }
    }

    #[tokio::test]
    async fn a_tool_dies_with_the_worker() {
        dies_with_its_parent(SandboxMode::Require).await;
        dies_with_its_parent(SandboxMode::Off).await;
    }
}
