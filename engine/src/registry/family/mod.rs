//! Families of handles: from labels to metrics on the stream.

mod dynamic;
mod family;
mod handle_cache;
mod lookup;
mod obtain;
mod set;
mod set_maker;
mod uncounted;

pub use dynamic::DynamicFamily;
pub use family::Family;
pub use handle_cache::HandleCache;
pub use obtain::Admission;
pub use set::{FieldVisitor, MetricSet, SetField};
