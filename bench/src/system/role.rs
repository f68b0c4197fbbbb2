//! The roles of Millrace, as processes.

/// A role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The HTTP front end.
    Gateway,
    /// Records, pumps and repairs.
    Keeper,
    /// Delivers webhooks.
    Dispatcher,
    /// Runs jobs with this engine.
    Worker(Engine),
}

/// What a worker runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// The engine whose echo does nothing but give its input back.
    Diagnostic {
        /// Jobs at once.
        slots: usize,
    },
    /// An endpoint that speaks the OpenAI protocol.
    Llm {
        /// Its address.
        url: String,
        /// Requests at once.
        slots: usize,
    },
    /// Images, films and sound.
    Ffmpeg,
}

impl Role {
    /// Its word on the command line.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Keeper => "keeper",
            Self::Dispatcher => "dispatcher",
            Self::Worker(_) => "worker",
        }
    }

    /// The setting of the address that answers `/readyz`.
    pub(super) fn listens_on(&self) -> &'static str {
        if *self == Self::Gateway { "gateway.listen" } else { "telemetry.metrics_listen" }
    }

    /// What it needs besides the common settings, as a file.
    pub(super) fn config(&self) -> String {
        match self {
            Self::Worker(engine) => engine.config(),
            _ => String::new(),
        }
    }
}

impl Engine {
    fn config(&self) -> String {
        let off = "[worker.ffmpeg]\nenabled = false\n";
        match self {
            Self::Diagnostic { slots } => {
                format!("{off}[worker.diagnostic]\nenabled = true\nslots = {slots}\n")
            }
            Self::Llm { url, slots } => {
                format!("{off}[[worker.llm]]\nurl = \"{url}\"\nslots = {slots}\n")
            }
            Self::Ffmpeg => "[worker.ffmpeg]\nenabled = true\n".to_owned(),
        }
    }
}
