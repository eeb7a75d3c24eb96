//! Names over cell ranges: descriptors, registration, scopes, families and their lookup. The cold path,
//! except for [`Family::with`].

mod builder;
mod callback;
mod callback_builder;
mod core;
mod departed;
mod desc;
mod error;
mod families;
mod family;
mod handle_cache;
mod idle;
mod instrument;
mod kept;
mod labels;
mod metric_set;
mod records;
mod room;
mod root;
mod sample_value;
mod scope;
mod selector;
mod series_ref;
mod shared;
mod table;

pub use builder::Builder;
pub(crate) use callback::{Callback, Callbacks, alone};
pub(crate) use core::FamilyCore;
pub(crate) use desc::Desc;
pub use desc::{Kind, Unit};
pub use error::Error;
pub(crate) use families::FamilyList;
pub use family::Family;
pub use handle_cache::HandleCache;
pub(crate) use idle::Fingerprint;
pub use instrument::Instrument;
pub use labels::Labels;
pub use metric_set::{FieldVisitor, MetricSet, SetField};
pub(crate) use records::RecordRef;
pub use root::Registry;
pub(crate) use root::RegistryInner;
pub use scope::Scope;
pub(crate) use series_ref::SeriesRef;
