//! A lock-free in-process metrics engine for latency-sensitive streams.
//!
//! Recording costs about what a memory increment costs: every thread writes cells of its own, and only
//! a scrape merges them. Declare metrics once, keep the handles, record per event; a
//! [`Scraper`] (or the exporter in `streamgauge-exporter`) renders the Prometheus text format, OpenMetrics text or
//! protobuf.
//!
//! ```
//! use streamgauge::{Buckets, Counter, Family, Format, LabelSet, Registry, Scraper, Tick};
//!
//! #[derive(LabelSet)]
//! struct Table<'a> {
//!     source: &'a str,
//!     table: &'a str,
//! }
//!
//! let registry = Registry::new();
//! let orders = registry.scope("deltaforge").label("pipeline", "orders");
//! let events: Family<Table<'_>, Counter> =
//!     orders.counter("source_events_total", "Events handed to the coordinator.").family()?;
//! let latency = orders
//!     .histogram("e2e_latency_seconds", "Receipt to delivery.")
//!     .buckets(Buckets::exponential(0.0001, 2.0, 14))
//!     .register()?;
//!
//! // Per event:
//! let received = Tick::now();
//! events.with(&Table { source: "mysql", table: "public.orders" }, |counter| counter.inc());
//! latency.lap(received);
//!
//! // Per scrape:
//! let mut body = Vec::new();
//! let report = Scraper::new(&registry).encode(Format::Text, &mut body);
//! assert_eq!(report.series(), 2);
//! # Ok::<(), streamgauge::Error>(())
//! ```
//!
//! # Which declaration
//!
//! All begin at a [`Scope`], which every [`Registry`] is; all but collectors take its prefix and its constant labels.
//! `scope.counter(..)` stands for any kind of metric.
//!
//! | I have | I call | I keep |
//! |---|---|---|
//! | one metric | `scope.counter(..)`, then [`register`] | the metric: [`Counter`], [`Gauge`], .. |
//! | one for each label set, a type | `scope.counter(..)`, then [`family`] | `Family<Table<'_>, Counter>` |
//! | the same, with labels not worth a type | `scope.counter(..)`, then [`family_by`] | `Family<[&str; 2], Counter>` |
//! | metrics that belong together | `#[derive(MetricSet)]`, then [`Stage::register`] | the set: `Stage` |
//! | such a set for each label set | [`Family::<Table<'_>, Stage>::register`] | `Family<Table<'_>, Stage>` |
//! | labels known only on the stream | `scope.counter(..)`, then [`dynamic_family`] | [`bridge::DynamicFamily`] |
//! | a value at scrape time | `scope.gauge(..)`, then [`callback`](MetricBuilder::<Gauge>::callback) | nothing |
//! | whole families at scrape time | a [`Collector`], then [`register_collector`] | a [`CollectorId`] |
//!
//! [`register`]: MetricBuilder::register
//! [`family`]: MetricBuilder::family
//! [`family_by`]: MetricBuilder::family_by
//! [`Stage::register`]: MetricSet::register
//! [`Family::<Table<'_>, Stage>::register`]: Family::register
//! [`dynamic_family`]: MetricBuilder::dynamic_family
//! [`register_collector`]: Registry::register_collector
//!
//! # Consistency
//!
//! - A scrape sees every record that happened before it began. A counter, bucket, count or sum never
//!   decreases from one scrape to the next, whatever threads start or end.
//! - Within a histogram `_count` equals the `+Inf` bucket, and the sum covers every observation counted.
//! - Values of different series of one scrape are not of one instant.
//! - Not supported: fork without exec (recording is safe, registration may hang), stackful coroutines that
//!   move between threads in the middle of a call, records from signal handlers, and two copies of the
//!   crate in one process (they are two sets of cells).

// The documentation says which feature or platform an item needs. Unstable: docs.rs builds with a nightly compiler.
#![cfg_attr(docsrs, feature(doc_cfg))]

/// Compiles and runs the README's code, which is documentation that no item carries.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(not(target_has_atomic = "64"))]
compile_error!("streamgauge needs 64-bit atomics: its cells are u64");
#[cfg(not(target_pointer_width = "64"))]
compile_error!("streamgauge is for 64-bit targets: a slab is a directory of 8192 pointers in 64 KiB");

pub mod bridge;
mod buckets;
mod catch;
mod cells;
mod encode;
mod kind;
mod label;
mod metric;
pub mod parse;
mod registry;
mod scrape;
mod sync;
pub mod testing;
mod unit;

pub use buckets::Buckets;
pub use cells::{Stats, stats};
pub use encode::{Exposition, Format, HistogramValue, MetricValue, StateSetValue, SummaryValue};
pub use kind::Kind;
#[doc(hidden)]
pub use label::flatten;
pub use label::{Escaping, LabelSet, LabelValue, LabelVisitor};
pub use metric::{
    Counter, DurationCounter, FloatCounter, Gauge, Histogram, HistogramSnapshot, InProgress, Info, Quantiles, StateSet,
    Summary, SummarySnapshot, Tick, Timer, UpDownCounter, warm_thread,
};
pub use registry::{
    Catalog, CollectedFamily, CollectedValue, Collector, CollectorId, CollectorOutput, Error, Family,
    FamilyDescription, FamilyOutput, HandleCache, Instrument, Labels, LabelsIter, Level, MetricBuilder, MetricSet,
    Registry, Scope, Switch,
};
#[doc(hidden)]
pub use registry::{FieldVisitor, SetField};
pub use scrape::{Filter, Metric, SampleError, ScrapeReport, Scraper};
pub use streamgauge_derive::{LabelSet, LabelValue, MetricSet};
pub use unit::Unit;

#[cfg(engine_loom)]
pub use cells::model;
#[cfg(engine_loom)]
pub use sync::{Fault, inject};
