//! Programs of other languages that talk to Millrace with official libraries; `deploy/setup.sh test` brings them.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::fleet::Ran;
use crate::wait::{PATIENCE, within};

/// A language with a program in `tests/sdk`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sdk {
    /// `tests/sdk/python`
    Python,
    /// `tests/sdk/node`
    Node,
}

impl Sdk {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Python, Self::Node];

    /// Runs a program to its end, by its name without ending. It finds these variables, and `input` on its standard
    /// input.
    pub async fn run(self, name: &str, environment: &[(&str, &str)], input: &str) -> Ran {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (interpreter, script) = match self {
            Self::Python => (
                here.join("../.tools/sdk-python/bin/python"),
                here.join(format!("sdk/python/{name}.py")),
            ),
            Self::Node => (PathBuf::from("node"), here.join(format!("sdk/node/{name}.mjs"))),
        };
        let mut child = Command::new(&interpreter)
            .arg(&script)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{} does not start ({error}); run `make setup-test`", interpreter.display())
            });
        let mut stdin = child.stdin.take().expect("it is piped");
        stdin.write_all(input.as_bytes()).await.expect("it reads its input");
        drop(stdin);
        let ended = within(PATIENCE, "the end of a program", child.wait_with_output()).await;
        Ran::of(&ended.expect("its outputs can be read"))
    }
}
