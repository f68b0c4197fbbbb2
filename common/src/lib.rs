//! What two or more processes of Millrace share: the job and its rules, the way to NATS, objects, configuration,
//! start and stop, telemetry.

#![warn(missing_docs)]

pub mod bus;
pub mod clock;
pub mod config;
pub mod egress;
pub mod error_code;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod job;
pub mod lifecycle;
pub mod objects;
pub mod operation;
pub mod process;
#[cfg(feature = "records")]
pub mod records;
pub mod retry;
pub mod secret;
pub mod signing;
pub mod telemetry;
pub mod webhook;
