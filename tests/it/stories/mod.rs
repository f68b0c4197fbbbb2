//! What callers do, and what they get.

mod styles;
