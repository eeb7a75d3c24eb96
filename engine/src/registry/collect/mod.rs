//! Whole families made at scrape time by code of the user.

mod collector;
mod collectors;
mod output;

pub use collector::{CollectedFamily, Collector, CollectorId};
pub(crate) use collectors::{CollectorList, Collectors, Ended, Registered};
pub(crate) use output::Collected;
pub use output::{CollectedValue, CollectorOutput, FamilyOutput};
