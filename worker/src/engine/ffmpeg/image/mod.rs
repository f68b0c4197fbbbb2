//! Still images, worked on in process: faster than a process of its own, and no C code reads hostile bytes.
//! Everything here is plain computing on a thread that may block; see [`super::cpu`].

mod complete;
mod decode;
mod draw;
mod encode;
#[cfg(test)]
mod tests;

pub(super) use decode::{Sniffed, decode, describe, sniff};
pub(super) use draw::{crop, fade, lay_over, resize};
pub(super) use encode::{raw_pixels, write};

use common::operation::media::ImageFormat;
use image::DynamicImage;

use super::geometry::Size;

/// A decoded image, upright.
pub(super) struct Picture {
    pub(super) image: DynamicImage,
    /// What it was read from.
    pub(super) format: ImageFormat,
    /// Its colour profile: the one piece of metadata that is kept, because without it the colours are others.
    pub(super) profile: Option<Vec<u8>>,
}

impl Picture {
    pub(super) fn size(&self) -> Size {
        Size::new(self.image.width(), self.image.height())
    }
}
