//! What a family is, checked once when it is declared.

mod desc;
mod level;
mod naming;
mod shape;
mod wish;

pub(crate) use desc::{Desc, Limits};
pub(crate) use level::RegistryLevel;
pub use level::{Level, Switch};
pub(crate) use naming::label_problem;
pub(crate) use shape::Shape;
pub use wish::PreferredName;
pub(crate) use wish::{Preference, Turn};
