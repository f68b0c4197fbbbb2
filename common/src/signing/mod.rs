//! Everything that needs a key of our own: signed addresses, sealed values, the secrets of webhooks.
//!
//! One master key (32 random bytes) stands behind all of it; each use has its own key, derived by HKDF-SHA256 under a
//! name of its own. To change the master key, make the new one the current and keep the old one as a previous one for
//! as long as something signed or sealed with it is in use.

mod file;
mod keyring;
mod links;
mod seal;
mod webhook;

pub use keyring::{Keyring, KeyringError};
pub use links::FileLinks;
