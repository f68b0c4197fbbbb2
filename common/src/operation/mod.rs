//! What jobs can do: the closed list of operations, each with the capability it needs and the check of its
//! parameters. The gateway checks at submit, the engine reads the same types.

mod catalog;
mod diagnostic;
mod field;
mod llm;
pub mod media;

pub use catalog::{Operation, UnknownOperation, nearest};
pub use diagnostic::{Echo, Fail, Sleep};
pub use field::{FieldError, FieldErrors};
