//! From a declaration to a handle.

mod at_scrape;
mod backend;
mod builder;
mod dynamic_settings;
mod instrument;
mod kinds;
mod scope;
mod set_action;

pub(crate) use backend::Backend;
pub(crate) use builder::Declared;
pub use builder::MetricBuilder;
pub use dynamic_settings::DynamicSettings;
pub use instrument::Instrument;
pub use scope::Scope;
pub(crate) use set_action::{SetAction, SetDeclaration, SetRollback};
