//! Label names, values and sets, and their text as the formats want it.

mod escape;
mod escaping;
pub mod flatten;
mod limits;
mod name;
mod overflow;
mod positional;
mod rendered;
mod set;
mod value;
mod values;

pub(crate) use escape::{escape_into, needs_escape, unescape};
pub use escaping::Escaping;
pub(crate) use limits::{MAX_LABEL_BYTES, MAX_LABELS, MAX_NAME_BYTES, MAX_VALUE_BYTES, RESERVED, length_problem};
pub(crate) use name::{is_reserved_label, is_valid_label, is_valid_metric, unreadable_problem};
pub(crate) use overflow::{OVERFLOW, OVERFLOW_LABEL, OVERFLOW_SERIES};
pub(crate) use positional::UNNAMED;
pub(crate) use rendered::Rendered;
pub(crate) use set::{Combination, combinations};
pub use set::{LabelSet, LabelVisitor};
pub use value::LabelValue;
pub(crate) use values::Values;
