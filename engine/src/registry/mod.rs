//! Names over cell ranges: descriptors, registration, scopes, families and their lookup. The cold path,
//! except for [`Family::with`].
//!
//! The folders are floors, and imports run down:
//!
//! ```text
//! registry.rs     Registry, and with it   catalog.rs   what is registered, to be read
//!                                         self_metrics.rs   the engine's metrics about itself
//! family/         Family, DynamicFamily: from labels to metrics on the stream; sets of metrics, handle caches
//! declare/        Scope, MetricBuilder: from a declaration to a handle; in kinds/ what is particular to a kind
//! inner.rs        what the clones of a registry share
//! names/          who is called what, and who gives way to whom
//! collect/        whole families made at scrape time by code of the user
//! store/          the family itself: rows, tables, removal; callbacks; what the families of a registry share
//! desc/           what a family is, checked once when it is declared
//! error.rs        what is refused
//! ```

pub(crate) mod catalog;
pub(crate) mod collect;
pub(crate) mod declare;
pub(crate) mod desc;
pub(crate) mod error;
pub(crate) mod family;
pub(crate) mod inner;
mod json;
pub(crate) mod names;
pub(crate) mod registry;
mod self_metrics;
pub(crate) mod store;

pub use catalog::{Catalog, FamilyDescription};
pub use collect::{CollectedFamily, CollectedValue, Collector, CollectorId, CollectorOutput, FamilyOutput};
pub use declare::{Instrument, MetricBuilder, Scope};
pub use desc::{Level, Switch};
pub use error::Error;
pub use family::{Family, FieldVisitor, HandleCache, MetricSet, SetField};
pub use registry::Registry;
pub use store::{Labels, LabelsIter};
