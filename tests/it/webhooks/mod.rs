//! Callbacks, as receivers see them.

mod libraries;
