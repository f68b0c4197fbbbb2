//! What reads the input of strangers, called with any bytes; a broken promise is a panic. The crate `fuzz` calls these.

pub use crate::engine::ffmpeg::fuzzing::probe;
pub use crate::engine::llm::fuzzing::{edit, provider, sse};
