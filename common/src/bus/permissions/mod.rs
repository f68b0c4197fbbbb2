//! Each role under its own user of `nats/accounts.conf`: its code works, and the server refuses everything else.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::bus::testing::NatsServer;
use crate::bus::{Bus, BusOptions};
use crate::clock::SystemClock;
use crate::operation::Operation;
use crate::secret::Secret;

mod allowed;
mod refused;

/// A server with accounts and permissions as they are shipped; every password is the name of its user.
struct Guarded {
    server: NatsServer,
    _config: tempfile::TempDir,
}

impl Guarded {
    async fn start() -> Self {
        let nats = Path::new(env!("CARGO_MANIFEST_DIR")).join("../nats");
        let mut accounts = std::fs::read_to_string(nats.join("accounts.conf")).unwrap();
        for role in ["gateway", "worker", "dispatcher", "keeper", "operator"] {
            let variable = format!("$MILLRACE_{}_PASSWORD", role.to_uppercase());
            assert!(accounts.contains(&variable), "accounts.conf has no user {role}");
            accounts = accounts.replace(&variable, role);
        }
        let config = tempfile::tempdir().unwrap();
        std::fs::write(config.path().join("accounts.conf"), accounts).unwrap();
        std::os::unix::fs::symlink(nats.join("permissions"), config.path().join("permissions"))
            .unwrap();
        let path = config.path().join("accounts.conf");
        let server = NatsServer::start_with(&["-c", path.to_str().unwrap()]).await;
        Self { server, _config: config }
    }

    async fn bus(&self, role: &str) -> Bus {
        let options = BusOptions {
            user: Some(role.to_owned()),
            password: Some(Secret::new(role.to_owned())),
            ..self.server.options(role)
        };
        Bus::connect(options, Arc::new(SystemClock)).await.unwrap()
    }
}
