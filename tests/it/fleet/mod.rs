//! Several processes of every role, as one system.

mod commands;
mod drain;
mod mistakes;
mod together;
mod up;
