//! Who is called what, and who gives way to whom.

mod claims;
mod names;
mod waiting;

pub(crate) use claims::{Clashes, any_name};
pub(crate) use names::{Change, Names};
