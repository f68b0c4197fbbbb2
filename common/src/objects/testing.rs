//! Real servers that speak the protocols of the clouds, for tests: one process each, on a free loopback port, with its
//! own bucket and keys, stopped with its owner. `deploy/setup.sh test` brings them.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::Objects;

/// How long a server may take to start.
const START_PATIENCE: Duration = Duration::from_secs(30);
/// The bucket or container that a server has.
const BUCKET: &str = "objects";

/// A protocol that a server of ours speaks. Google's has none: its emulators speak only the JSON interface, and the
/// client speaks the XML one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cloud {
    /// Amazon's; moto, which checks every signature.
    S3,
    /// Microsoft's; Azurite, their own emulator.
    Azure,
}

/// A running server.
pub struct StoreServer {
    cloud: Cloud,
    child: Child,
    environment: BTreeMap<String, String>,
}

impl StoreServer {
    /// Starts a server and waits until it answers.
    pub async fn start(cloud: Cloud) -> Self {
        crate::telemetry::install_crypto();
        let mut child = command(cloud)
            .arg(BUCKET)
            // It ends with its standard input, even when this process is killed.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the server starts; `make setup-test` brings it");
        let mut output = BufReader::new(child.stdout.take().expect("its output is piped"));
        let line = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            output.read_line(&mut line).map(|_| line)
        });
        let mut server = Self { cloud, child, environment: BTreeMap::new() };
        let line = tokio::time::timeout(START_PATIENCE, line).await.expect("it starts in time");
        let line = line.expect("reading does not panic").expect("its output can be read");
        server.environment = variables(cloud, &line);
        server
    }

    /// The URL of a part of its bucket.
    pub fn url(&self) -> String {
        match self.cloud {
            Cloud::S3 => format!("s3://{BUCKET}/millrace/test"),
            Cloud::Azure => format!("az://{BUCKET}/millrace/test"),
        }
    }

    /// The variables that tell a process its address and credentials.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// The same with wrong credentials, of the right form.
    pub fn wrong_credentials(&self) -> BTreeMap<String, String> {
        let secret = match self.cloud {
            Cloud::S3 => ("AWS_SECRET_ACCESS_KEY", WRONG_S3_SECRET),
            Cloud::Azure => ("AZURE_STORAGE_ACCOUNT_KEY", WRONG_AZURE_KEY),
        };
        let mut environment = self.environment.clone();
        environment.insert(secret.0.to_owned(), secret.1.to_owned());
        environment
    }

    /// A store in it, apart from those of other names.
    pub fn open(&self, name: &str) -> Objects {
        let url = format!("{}/{name}", self.url());
        Objects::open_with(&url, &self.environment).expect("it can be opened")
    }

    /// How many streamed uploads are neither complete nor given up. Azure has no word for them: what was sent for one
    /// is forgotten in time.
    pub fn unfinished_uploads(&self) -> usize {
        let url = &self.environment["AWS_ENDPOINT_URL"];
        let address = url.strip_prefix("http://").expect("it has no TLS");
        let mut connection = TcpStream::connect(address).expect("it answers");
        connection.write_all(b"GET /-/unfinished HTTP/1.0\r\n\r\n").expect("it listens");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).expect("it answers");
        let number = answer.rsplit("\r\n").next().and_then(|body| body.parse().ok());
        number.unwrap_or_else(|| panic!("no number: {answer}"))
    }

    /// Kills it (SIGKILL): whoever calls it is refused the connection.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The secrets of [`StoreServer::wrong_credentials`], which nobody may tell.
pub const WRONG_SECRETS: [&str; 2] = [WRONG_S3_SECRET, WRONG_AZURE_KEY];
const WRONG_S3_SECRET: &str = "wrong/but/as/long/as/the/secret/that/fits";
const WRONG_AZURE_KEY: &str = "d3JvbmctYnV0LWFzLWxvbmctYXMtdGhlLXNlY3JldC10aGF0LWZpdHM=";

impl Drop for StoreServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn command(cloud: Cloud) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let tool = |path: &str| -> PathBuf { root.join(".tools").join(path) };
    match cloud {
        Cloud::S3 => {
            let mut command = Command::new(tool("s3/bin/python"));
            command.arg(root.join("tests/stores/s3.py"));
            command
        }
        Cloud::Azure => {
            let mut command = Command::new("node");
            command.arg(root.join("tests/stores/azure.cjs"));
            command.env("NODE_PATH", tool("azure/node_modules"));
            command
        }
    }
}

/// What a user sets for this server.
fn variables(cloud: Cloud, line: &str) -> BTreeMap<String, String> {
    let told: BTreeMap<String, String> =
        serde_json::from_str(line).expect("the server says where it is");
    let names: &[(&str, &str)] = match cloud {
        Cloud::S3 => &[
            ("AWS_ENDPOINT_URL", "url"),
            ("AWS_ACCESS_KEY_ID", "access_key_id"),
            ("AWS_SECRET_ACCESS_KEY", "secret_access_key"),
        ],
        Cloud::Azure => &[
            ("AZURE_STORAGE_ENDPOINT", "url"),
            ("AZURE_STORAGE_ACCOUNT_NAME", "account"),
            ("AZURE_STORAGE_ACCOUNT_KEY", "key"),
        ],
    };
    names.iter().map(|(name, key)| ((*name).to_owned(), told[*key].clone())).collect()
}
