//! Where things go in a picture.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a picture is brought to a wanted size when both sides are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// The whole picture within the size; its proportions stay, so one side may be smaller.
    #[default]
    Contain,
    /// The size is filled; the proportions stay and what is over is cut off evenly.
    Cover,
    /// The size is filled; the picture is stretched.
    Fill,
}

/// A corner, or the middle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// The upper left corner.
    TopLeft,
    /// The upper right corner.
    TopRight,
    /// The lower left corner.
    BottomLeft,
    /// The lower right corner.
    #[default]
    BottomRight,
    /// The middle; the margin is not used.
    Center,
}
