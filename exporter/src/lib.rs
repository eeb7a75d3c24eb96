//! Serves the metrics of a [`streamgauge`] registry to Prometheus and everything that reads its format.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use streamgauge::Registry;
//! use streamgauge_exporter::Exporter;
//!
//! let registry = Registry::new();
//! let exporter = Exporter::builder(&registry)
//! #   .listen("127.0.0.1:0")
//!     .spawn()?; // 127.0.0.1:9000, on a thread of its own, until it is dropped
//! # Ok(()) }
//! ```
//!
//! Three ways to run it, from the least to the most involved:
//!
//! - [`ExporterBuilder::spawn`]: a thread with a runtime of its own. Right for most programs, with or without tokio.
//! - [`ExporterBuilder::bind`], then [`Server::serve`]: on your tokio runtime, with your own signal to stop.
//! - [`ExporterBuilder::service`]: a [tower service](tower_service::Service) to mount in axum or hyper, behind your
//!   authentication.
//!
//! A program that records through the `metrics` facade changes one line and serves the same way: see the module
//! `recorder`, which needs the feature `metrics-0-24` (on by default) or `metrics-0-23`.
//!
//! # What a reader can ask for
//!
//! - **A format**, by `Accept`: whatever [`Exposition::negotiate`](streamgauge::Exposition::negotiate) finds in it.
//!   What is not understood gets the text format, never an error. [`formats`](ExporterBuilder::formats) says which
//!   there are.
//! - **gzip**, by `Accept-Encoding`: where it is named and not rated below `identity`, and the answer is not tiny.
//! - **Some families**, by `name[]=` in the query, as often as there are names: of families or of samples
//!   (`curl -g 'http://127.0.0.1:9000/metrics?name[]=events_total'`). At most 256 names of at most 256 bytes, 8 KiB
//!   together; past it, or with an encoding that is wrong, the answer is 400 and says why. Other parameters are ignored.
//!
//! # What a reader can do to you
//!
//! Cause load, and its own scrape to fail; nothing else. `scripts/siege.sh` lays sieges of every kind that we know to an
//! exporter, beside an honest scraper;
//! [docs/SIEGE.md](https://github.com/streamgauge/streamgauge/blob/main/docs/SIEGE.md) has what came of it.
//!
//! - **Rendering.** Requests that come together and ask for the same are answered by one rendering, from one body in
//!   memory, and callbacks and collectors run once for all that wait. Those that ask for everything come before those that
//!   ask for a part. At most 32 different parts can wait, those first that were asked for before, and there are 32 forms of
//!   everything: formats, escaping schemes, compressed or not. Rendering that takes more than 10 seconds answers 503, a
//!   panic in it 500, and the next scrape begins afresh (unless the program is built with `panic = "abort"`). A subscriber
//!   that panics loses the line that it was told.
//! - **Memory.** Bodies that readers have not taken yet are 64 MiB together, or four if those are larger. Where another one
//!   is wanted, readers are cut off that took less than a megabyte a second, and a third of a second later all of the
//!   oldest body.
//! - **Connections.** There are at most 512 to all ports, as many to each Unix socket, and 1,024 that wait for a place, the
//!   first from addresses that have fewer. A newcomer takes the place of one that asks for nothing, that takes nothing of
//!   its answer for a quarter of a second, or all of it for ten; or, where its address has far fewer, one of the address
//!   that has most. Where the process has no file descriptor left the same make room, and one is kept in reserve. A
//!   connection must send its request within 5 seconds, take some of the answer every 10 seconds, and end after 5 minutes.
//!   Request bodies are refused unread.
//!
//! There is no authentication and no encryption. By default only this host can connect;
//! [`allow_network`](ExporterBuilder::allow_network) keeps a port to some networks, and `listen_unix` needs none.
//!
//! Writes to connections that are closed raise no SIGPIPE, whatever the process does with that signal.
//!
//! The exporter does not survive a `fork` without `exec`: the child has its sockets, but not its threads.

#![forbid(unsafe_code)]
// The documentation says which feature or platform an item needs. Unstable: docs.rs builds with a nightly compiler.
#![cfg_attr(docsrs, feature(doc_cfg))]

/// Compiles the README's code, which is documentation that no item carries.
#[cfg(all(doctest, feature = "metrics-0-24"))]
#[doc = include_str!("../README.md")]
struct Readme;

mod builder;
mod error;
mod exporter;
mod http;
#[cfg(any(feature = "metrics-0-24", feature = "metrics-0-23"))]
pub mod recorder;
mod say;
mod self_metrics;
mod source;

pub use builder::ExporterBuilder;
pub use error::Error;
pub use exporter::Exporter;
pub use http::render::body::Body;
pub use http::request::service::{MetricsService, ResponseFuture};
pub use http::serve::server::Server;
