//! A change feed over an embedded database, and the pipeline that carries it into a replica while streamgauge counts,
//! sizes and times every event.
//!
//! [`feed`] is where the events come from, [`pipeline`] what happens to them, [`verify`] how the demo convinces itself
//! (and its reader) that no event and no increment was lost, [`report`] what it prints. [`run`] ties them together;
//! the `cdc` example is its command line.
#![forbid(unsafe_code)]

pub mod cli;
mod config;
mod demo;
mod error;
pub mod feed;
pub mod pipeline;
pub mod report;
mod state;
pub mod verify;

pub use config::{Config, Fault, Live};
pub use demo::{Outcome, run};
pub use error::Error;
pub use state::StateDir;
