//! A recorder for the [`metrics`](https://docs.rs/metrics) facade: what `counter!`, `gauge!` and `histogram!` record
//! goes into a registry of the engine.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use streamgauge_exporter::recorder::{Matcher, Recorder};
//!
//! let handle = Recorder::builder()
//!     .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &[0.001, 0.01, 0.1, 1.0])?
//!     .add_global_label("pipeline", "orders")
//!     .install_recorder()?; // or `install()`, to serve it on 127.0.0.1:9000
//!
//! metrics::counter!("events", "table" => "orders").increment(3);
//! metrics::histogram!("commit_seconds").record(0.02);
//! assert!(handle.render().contains("events{pipeline=\"orders\",table=\"orders\"} 3\n"));
//! # Ok(()) }
//! ```
//!
//! # Cost
//! A handle that is kept costs a virtual call more than the engine's own: about 2 ns. A macro call looks up the key in
//! a cache of its thread and takes no lock and no cache line that other threads write.
//!
//! # Memory
//! Grows with series and threads, never with samples: histograms are buckets. There is no upkeep. What threads remember
//! of keys, so that a macro call is as cheap, has one bound in the process: [`set_cache_limit`].
//!
//! # Past the limits
//! Records of a metric that has no room for more series ([`series_limit`](RecorderBuilder::series_limit), or the limit
//! of the registry) go to its series with the label `overflow="__overflow__"` and the global labels, and are counted in
//! `streamgauge_facade_collisions_total` (`what="series"`). A macro call finds a series of its own as soon as there is
//! room; a handle that was taken before stays where it is.
//!
//! # Forks and libraries that are unloaded
//! The child of a `fork` without `exec` may record, and should scrape nothing and end no thread: a lock that another thread
//! held at that moment is held for good. A library that is loaded and unloaded while the program runs (`dlclose`) must not
//! record: keys of its macros point into it and are remembered. The stock recorder has the same limits.
//!
//! # What becomes of names
//! As in metrics-exporter-prometheus: what is no letter, digit, `_` or `:` becomes `_`. What that exporter exposes twice
//! or overwrites is told apart, logged, and counted in `streamgauge_facade_collisions_total`: names that look alike when
//! they are legal are one family (`what="name"`); of two labels of a key that look alike the last counts
//! (`what="label"`); labels called `le`, `quantile` or `__..`, which the formats keep for themselves, get the prefix
//! `exported_`.
//!
//! Pairs that the formats allow keep their names: a gauge or histogram `jobs` beside a counter `jobs_total`, whatever the
//! format. Where one name of a sample would be there twice, as with a counter and a gauge `x`, or a gauge `x_count` beside
//! a histogram `x`, one is exposed as `x_counter`, `x_gauge` or `x_histogram` (`what="family"`). Which one follows from
//! the kinds and not from who came first, so that all replicas agree: a metric that the program declares in the
//! registry itself keeps its name, then a histogram does, whose name stands for three of samples, then a counter, on whose
//! rates alerts stand, then a gauge. Of one kind that name comes first which no unit was added to, then the one that
//! sorts first. A family that was alone loses its name when a stronger one comes; its values stay.

// From the call of the facade down to the ground; each imports what stands below it, and nothing above:
//
//     builder       the settings, and the ways to install a recorder
//     adapters      what the facade calls, in each version
//     collector     what happens at a scrape: idle series, the recorder's own numbers
//     handle        reads a recorder; native: the engine's own handles of its series
//
//     recorder      from names and labels to series
//     versions/     whether the program links versions that are not served
//     served        the versions that are, and the caches of all their threads
//     cache/        what each thread remembers of its keys
//
//     handles       what stands behind the facade's handles
//     families      families by name; full: those that have no room
//     any_family    a family of any kind, and how it is made
//     config        the settings, as they are read
//     warnings      what is counted, and said once; labels: of a key; matcher: which metrics; scrapers: of the handle
//
//     facade        the keys of a version; kind: counters, gauges, histograms; naming: legal names

mod adapters;
mod any_family;
mod builder;
mod cache;
mod collector;
mod config;
mod facade;
mod families;
mod full;
mod handle;
mod handles;
mod kind;
mod labels;
mod matcher;
mod naming;
mod native;
#[expect(clippy::module_inception, reason = "named for what it holds, as all others are")]
mod recorder;
mod scrapers;
mod served;
mod versions;
mod warnings;

pub use builder::RecorderBuilder;
pub use cache::{cache_bytes, cache_limit};
pub use handle::Handle;
pub use kind::MetricKindMask;
pub use matcher::Matcher;
pub use recorder::Recorder;
pub use served::set_cache_limit;
