//! tests

pub mod upstream;
