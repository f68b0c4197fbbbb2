//! Several processes of every role, as one system.

mod cloud;
mod commands;
mod drain;
mod mistakes;
mod together;
mod up;
