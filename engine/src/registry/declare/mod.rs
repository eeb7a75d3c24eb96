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
pub use builder::Builder;
pub(crate) use builder::Declared;
pub use dynamic_settings::OpenSettings;
pub use instrument::Instrument;
pub use scope::Scope;
pub(crate) use set_action::{SetAction, SetDeclaration, SetRollback};
