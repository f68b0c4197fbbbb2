//! The OpenAI-shaped routes: bodies pass through untouched both ways; only what routing needs is looked at.

mod chat;
mod embeddings;
mod failure;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod grow;
mod growing;
mod models;
mod peek;
mod serve;
mod waited;
mod whole;

pub(crate) use chat::{__path_create_chat_completion, create_chat_completion};
pub(crate) use embeddings::{__path_create_embeddings, create_embeddings};
pub(crate) use models::{__path_list_models, __path_read_model, list_models, read_model};

#[cfg(test)]
mod tests;
