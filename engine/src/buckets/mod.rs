//! Bucket layouts and the way from a value to its bucket. No atomics here.

mod cumulative;
mod layout;
mod spec;
mod table;

pub(crate) use cumulative::cumulative;
pub(crate) use layout::Layout;
pub use spec::Buckets;
