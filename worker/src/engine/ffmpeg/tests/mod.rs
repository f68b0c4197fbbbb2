//! The engine on real files, made here by ffmpeg's own test sources.

pub(super) mod bench;
mod cancel;
mod formats;
mod hostile;
mod images;
mod videos;
