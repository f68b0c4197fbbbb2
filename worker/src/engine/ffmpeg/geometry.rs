//! Sizes and places, worked out in whole pixels before anything is drawn. No I/O.

use common::operation::media::{Fit, Position};

/// A width and a height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) width: u32,
    pub(super) height: u32,
}

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rectangle {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) size: Size,
}

/// How a picture is brought to a size: first a part is cut out of it, if need be, then it is resized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scaling {
    pub(super) part: Option<Rectangle>,
    pub(super) size: Size,
}

impl Size {
    pub(super) const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    pub(super) const fn pixels(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// The same size, or less, with sides that `step` divides; at least one step.
    pub(super) fn floor(self, step: u32) -> Self {
        let floor = |side: u32| (side - side % step).max(step);
        Self::new(floor(self.width), floor(self.height))
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} x {}", self.width, self.height)
    }
}

impl Rectangle {
    /// Whether all of it lies within a picture of `size`.
    pub(super) fn lies_within(self, size: Size) -> bool {
        u64::from(self.x) + u64::from(self.size.width) <= u64::from(size.width)
            && u64::from(self.y) + u64::from(self.size.height) <= u64::from(size.height)
    }
}

/// How a picture of size `source` becomes as wide and as high as wanted; at least one of the two is given. The sides
/// of the result are divisible by `step`.
pub(super) fn scale(
    source: Size,
    width: Option<u32>,
    height: Option<u32>,
    fit: Fit,
    step: u32,
) -> Scaling {
    let (by_width, by_height) = (
        |width: u32| Size::new(width, ratio(width, source.height, source.width, step)),
        |height: u32| Size::new(ratio(height, source.width, source.height, step), height),
    );
    let (width, height) = match (width, height) {
        (Some(width), Some(height)) => (width, height),
        (Some(width), None) => return Scaling { part: None, size: by_width(width) },
        (None, Some(height)) => return Scaling { part: None, size: by_height(height) },
        (None, None) => return Scaling { part: None, size: source.floor(step) },
    };
    let wanted = Size::new(width, height);
    // Compared by cross products: source.width / source.height against width / height.
    let (across, down) =
        (u64::from(source.width) * u64::from(height), u64::from(source.height) * u64::from(width));
    match fit {
        Fit::Fill => Scaling { part: None, size: wanted },
        Fit::Contain if across >= down => {
            Scaling { part: None, size: Size { height: by_width(width).height.min(height), width } }
        }
        Fit::Contain => {
            Scaling { part: None, size: Size { width: by_height(height).width.min(width), height } }
        }
        Fit::Cover => {
            let part = if across >= down {
                Size::new(
                    ratio(source.height, width, height, step).min(source.width),
                    source.height,
                )
            } else {
                Size::new(source.width, ratio(source.width, height, width, step).min(source.height))
            };
            let x = even((source.width - part.width) / 2, step);
            let y = even((source.height - part.height) / 2, step);
            Scaling { part: Some(Rectangle { x, y, size: part }), size: wanted }
        }
    }
}

/// The size of a watermark of size `mark` that takes `share` of the width of `source` and fits within it.
pub(super) fn mark_size(source: Size, mark: Size, share: f64) -> Size {
    let width =
        (f64::from(source.width) * share).round().clamp(1.0, f64::from(source.width)) as u32;
    let by_width = Size::new(width, ratio(width, mark.height, mark.width, 1));
    if by_width.height <= source.height {
        return by_width;
    }
    Size::new(ratio(source.height, mark.width, mark.height, 1), source.height)
}

/// Where the upper left corner of a watermark of size `mark` goes. It never leaves the picture: where the margin
/// leaves no room, it is made smaller.
pub(super) fn place(source: Size, mark: Size, position: Position, margin: u32) -> (u32, u32) {
    let room = Size::new(
        source.width.saturating_sub(mark.width),
        source.height.saturating_sub(mark.height),
    );
    let near = (margin.min(room.width), margin.min(room.height));
    let far = (room.width - near.0, room.height - near.1);
    match position {
        Position::TopLeft => near,
        Position::TopRight => (far.0, near.1),
        Position::BottomLeft => (near.0, far.1),
        Position::BottomRight => far,
        Position::Center => (room.width / 2, room.height / 2),
    }
}

/// `side * numerator / denominator`, rounded to the nearest multiple of `step`, at least one step.
fn ratio(side: u32, numerator: u32, denominator: u32, step: u32) -> u32 {
    let exact = f64::from(side) * f64::from(numerator) / f64::from(denominator.max(1));
    let steps = (exact / f64::from(step)).round().max(1.0);
    (steps * f64::from(step)).min(f64::from(u32::MAX - step)) as u32
}

fn even(offset: u32, step: u32) -> u32 {
    offset - offset % step
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Size = Size::new(1920, 1080);

    #[test]
    fn the_other_side_follows_from_the_proportions() {
        assert_eq!(scale(WIDE, Some(640), None, Fit::Contain, 1).size, Size::new(640, 360));
        assert_eq!(scale(WIDE, None, Some(50), Fit::Contain, 2).size, Size::new(88, 50));
        assert_eq!(
            scale(Size::new(5000, 3), Some(10), None, Fit::Contain, 1).size,
            Size::new(10, 1)
        );
    }

    #[test]
    fn contain_stays_within_cover_fills_fill_stretches() {
        let to = |fit| scale(WIDE, Some(100), Some(100), fit, 2);
        assert_eq!(to(Fit::Contain), Scaling { part: None, size: Size::new(100, 56) });
        assert_eq!(to(Fit::Fill), Scaling { part: None, size: Size::new(100, 100) });
        let cover = to(Fit::Cover);
        assert_eq!(cover.size, Size::new(100, 100));
        let part = cover.part.unwrap();
        assert_eq!(part, Rectangle { x: 420, y: 0, size: Size::new(1080, 1080) });
    }

    #[test]
    fn the_part_of_a_cover_always_lies_within() {
        for source in [Size::new(3, 7), Size::new(16_384, 1), Size::new(2, 2), Size::new(641, 359)]
        {
            for (width, height) in [(2, 8192), (8192, 2), (100, 100), (16, 10)] {
                for step in [1, 2] {
                    let scaling = scale(source, Some(width), Some(height), Fit::Cover, step);
                    let part = scaling.part.unwrap();
                    assert!(part.lies_within(source), "{source} {width} {height} {step} {part:?}");
                }
            }
        }
    }

    #[test]
    fn rectangles_are_held_against_the_picture_without_overflow() {
        let at = |x, width| Rectangle { x, y: 0, size: Size::new(width, 10) };
        assert!(at(1900, 20).lies_within(WIDE));
        assert!(!at(1901, 20).lies_within(WIDE));
        assert!(!at(u32::MAX, u32::MAX).lies_within(WIDE));
    }

    #[test]
    fn watermarks_fit_and_keep_their_distance() {
        let mark = mark_size(WIDE, Size::new(100, 50), 0.2);
        assert_eq!(mark, Size::new(384, 192));
        assert_eq!(place(WIDE, mark, Position::BottomRight, 10), (1526, 878));
        assert_eq!(place(WIDE, mark, Position::TopLeft, 10), (10, 10));
        assert_eq!(place(WIDE, mark, Position::Center, 10), (768, 444));
        let tall = mark_size(WIDE, Size::new(10, 1000), 1.0);
        assert_eq!(tall, Size::new(11, 1080));
        assert_eq!(place(WIDE, tall, Position::TopRight, 4000), (0, 0));
    }
}
