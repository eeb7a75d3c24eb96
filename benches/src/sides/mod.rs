//! The contestants, one file a library: all it takes to judge whether a library is used well stands in one place.
//!
//! Rules for every side: handles are made before the loop, a row that is about a lookup looks up and nothing else,
//! and the loop is one of [`loops`], so that no side differs in anything but its operation.

pub mod contatori;
mod exposed;
pub mod facade;
pub mod fast_counter;
pub mod limit;
mod loops;
pub mod measured;
pub mod metrics;
pub mod metriken;
pub mod opentelemetry;
pub mod ours;
pub mod ours_http;
pub mod ours_lookup;
pub mod ours_memory;
pub mod ours_series;
mod parked;
pub mod parsers;
pub mod prometheus;
pub mod prometheus_client;

pub use loops::COUNTERS;
