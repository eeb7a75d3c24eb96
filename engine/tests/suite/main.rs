//! The tests that need no process of their own: neither an allocator nor what a process counts, and no turns. One
//! binary of them is linked instead of one for each file.
//!
//! A test that compares what [`streamgauge::stats`] says with anything but a bound that other tests only move away
//! from, or how long something is kept that a pin of another test may hold, belongs in `process.rs`.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/proto.rs"]
mod proto;
#[path = "../common/visited.rs"]
mod visited;

mod api;
mod bad_input;
mod bridge;
mod callbacks;
mod clashes;
mod collectors;
mod conformance;
mod derive_forms;
mod describe;
mod enumerated;
mod errors;
mod filters;
mod float_counter;
mod handle_cache;
mod histories;
mod idle;
mod label_forms;
mod levels;
mod metric_set;
mod names;
mod open_metrics;
mod parse;
mod protobuf;
mod read_sample;
mod reloads;
mod removal;
mod self_metrics;
mod states;
mod statics;
mod summary;
mod unregister;
mod walks;
mod wishes;
