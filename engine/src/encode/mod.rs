//! The exposition formats: from merged values and rendered labels to bytes. No atomics, no registry.

mod buffer;
mod format;
mod number;
mod text;

pub use format::{Exposition, Format};
pub(crate) use text::TextFamily;
