//! Pictures that move: what their containers say before anything is decoded, their frames one after
//! the other, and the file that is served of them.

mod canvas;
mod frames;
mod gif;
mod keep;
mod outline;
mod png;
mod shrink;
mod webp;

pub use frames::{Frames, frames};
pub(crate) use frames::{outline, poster};
pub(crate) use keep::keep;
pub use keep::{ANIMATION_BYTES_MAX, ANIMATION_SIDE_MAX, EncodedAnimation};
pub(crate) use outline::Outline;
