//! Label names, values and sets, and their text as the formats want it.

mod escape;
mod escaping;
mod name;
mod set;
mod value;

pub(crate) use escape::{escape_into, needs_escape, unescape};
pub use escaping::Escaping;
pub(crate) use name::{is_reserved_label, is_valid_label, is_valid_metric, unreadable_problem};
pub(crate) use set::{Combination, combinations};
pub use set::{LabelSet, LabelVisitor};
pub use value::LabelValue;
