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
//! - [`Builder::spawn`]: a thread with a runtime of its own. Right for most programs, with or without tokio.
//! - [`Builder::bind`], then [`Server::serve`]: on your tokio runtime, with your own signal to stop.
//! - [`Builder::service`]: a [tower service](tower_service::Service) to mount in axum or hyper, behind your
//!   authentication.
//!
//! A program that records through the `metrics` facade changes one line and serves the same way: see the module
//! `recorder`, which needs the feature `metrics-0-24` (on by default) or `metrics-0-23`.
//!
//! # What a reader can ask for
//!
//! - **A format**, by `Accept`: whatever [`Exposition::negotiate`](streamgauge::Exposition::negotiate) finds in it. What
//!   is not understood gets the text format, never an error. [`formats`](Builder::formats) says which there are.
//! - **gzip**, by `Accept-Encoding`: where it is named and not rated below `identity`, and the answer is not tiny.
//! - **Some families**, by `name[]=` in the query, as often as there are names: of families or of samples
//!   (`curl -g 'http://127.0.0.1:9000/metrics?name[]=events_total'`). At most 256 names of at most 256 bytes, 8 KiB
//!   together; past it, or with an encoding that is wrong, the answer is 400 and says why. Other parameters are ignored.
//!
//! # What a reader can do to you
//!
//! Cause load, and its own scrape to fail; nothing else. `scripts/siege.sh` lays sieges of every kind that we know to an
//! exporter, beside an honest scraper; docs/SIEGE.md has what came of it.
//!
//! - **Rendering.** Requests that come together and ask for the same are answered by one rendering, from one body in
//!   memory, and callbacks and collectors run once for all that wait. Those that ask for everything come before those that
//!   ask for a part, and among them those first whose format nobody asked for in a while. At most 32 different parts can
//!   wait, and there are 32 forms of everything: formats, escaping schemes, compressed or not. Rendering that takes more than 10 seconds answers 503, a panic in it 500,
//!   and the next scrape begins afresh (unless the program is built with `panic = "abort"`). A subscriber that panics loses
//!   the line that it was told.
//! - **Memory.** Readers that are slow to take their answer hold 64 MiB together, or four bodies if those are larger. Where
//!   another body is wanted, those that hold the oldest one are cut off, once they have had it for half a second.
//! - **Connections.** There are at most 512, and 128 that wait for a place. A newcomer takes that of the one that asks for
//!   nothing for longest, or else of one that takes nothing of its answer for a quarter of a second, or has been busy with
//!   it for two. Idle ones make room as well where the process has no file descriptor left, of which one is kept in reserve. A
//!   connection must send its request within 5 seconds, take some of the answer every 10 seconds, and end after 5 minutes.
//!   Request bodies are refused unread.
//!
//! There is no authentication and no encryption. By default only this host can connect;
//! [`allow_network`](Builder::allow_network) keeps a port to some networks, and `listen_unix` needs none.
//!
//! Writes to connections that are closed raise no SIGPIPE, whatever the process does with that signal.
//!
//! The exporter does not survive a `fork` without `exec`: the child has its sockets, but not its threads.

#![forbid(unsafe_code)]

mod builder;
mod error;
mod exporter;
mod http;
#[cfg(any(feature = "metrics-0-24", feature = "metrics-0-23"))]
pub mod recorder;
mod say;
mod self_metrics;
mod source;

pub use builder::Builder;
pub use error::Error;
pub use exporter::Exporter;
pub use http::response::Body;
pub use http::server::Server;
pub use http::service::{MetricsService, ResponseFuture};
