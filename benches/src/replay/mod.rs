//! A change-data-capture pipeline that runs from memory: decode, transform, route, and nothing that waits.
//!
//! What its stages record goes through [`Instruments`], so that the same machine code, but for the instrumentation,
//! is timed with every library and with none.

mod change;
mod feed;
mod instruments;
mod pipeline;

pub use change::{Change, Op, decode};
pub use feed::Feed;
pub use instruments::{Bare, Instruments};
pub use pipeline::Pipeline;
