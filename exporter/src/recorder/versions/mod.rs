//! Whether this program links versions of the crate `metrics` that the recorder does not serve: `linked` counts those in
//! the executable, `unserved` says what it means.

mod linked;
mod unserved;

pub(super) use unserved::{warn_if_unserved, warn_unserved};
