//! What the roles of this process log, for whoever looks for a fault: `TEST_LOG=debug cargo test …`.

use std::sync::OnceLock;

use common::telemetry::{self, TelemetryGuard};

use crate::settings::Settings;

/// Shows the logs when the variable asks for them.
pub(crate) fn show() {
    static GUARD: OnceLock<Option<TelemetryGuard>> = OnceLock::new();
    GUARD.get_or_init(|| {
        let log = std::env::var("TEST_LOG").ok().filter(|log| !log.is_empty())?;
        let mut settings = Settings::default();
        settings.set("telemetry.log", log);
        telemetry::init(&settings.config().telemetry, "tests").ok()
    });
}
