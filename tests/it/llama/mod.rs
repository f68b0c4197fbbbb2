//! Chat and embeddings through the whole system: a real llama.cpp server, and a scripted one for what goes wrong.

mod faults;
mod real;
