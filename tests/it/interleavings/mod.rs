//! The interleavings that a job queue on JetStream loses jobs by, each driven to where it hurts. The numbers are those
//! of the review of the protocol; what each test shows is its name.

mod answers;
mod calls;
mod config_watch;
mod consumers;
mod dead_letters;
mod decisions;
mod delays;
mod lost_ack;
mod lost_message;
mod objects;
mod outage;
mod outbox;
mod ownership;
mod poison;
mod records;
mod refused;
mod retention;
