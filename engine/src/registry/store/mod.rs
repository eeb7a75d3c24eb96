//! The family itself: its rows and tables, how series come and go, and what the families of a registry share.

mod budget;
mod callback;
mod callbacks;
mod dense;
mod families;
mod generation;
mod hasher;
mod idle;
mod label_map;
mod labels;
mod removal;
mod row;
mod rows;
mod runs;
mod standing;
mod stats;
mod storage;
mod store;
mod table;
mod tombstone;

pub(crate) use budget::Shared;
pub(crate) use callback::{Callback, Function, alone};
pub(crate) use callbacks::Callbacks;
pub(crate) use dense::Dense;
pub(crate) use families::FamilyList;
pub(crate) use generation::Room;
pub(crate) use idle::Fingerprint;
pub(crate) use label_map::Selector;
pub use labels::Labels;
pub(crate) use removal::removing;
pub(crate) use row::RecordRef;
pub(crate) use runs::{Others, Runs};
pub(crate) use standing::{Refused, Standing};
pub(crate) use stats::{Failures, Tally};
pub(crate) use storage::{SeriesRef, SetStorage};
pub(crate) use store::{FamilyCore, Make};
