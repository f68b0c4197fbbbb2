//! What callers do, and what they get.

mod away;
mod bad_input;
mod batch;
mod cancel;
mod files;
mod following;
mod idempotency;
mod input_urls;
mod lists;
mod media;
mod models;
mod queues;
mod retry_and_delete;
mod styles;
mod times;
