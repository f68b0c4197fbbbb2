//! The system tests. One binary, so that the harness is linked once.

#[cfg(test)]
mod stories;
