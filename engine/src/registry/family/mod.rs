//! Families of handles: from labels to metrics on the stream.

mod dynamic;
mod family;
mod handle_cache;
mod lookup;
mod set;
mod uncounted;

pub use dynamic::{OpenFamily, Placed};
pub use family::Family;
pub use handle_cache::HandleCache;
pub use set::{FieldVisitor, MetricSet, SetField};
