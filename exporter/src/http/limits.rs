//! Every bound that protects the exporter from its readers, in one place.

use std::time::Duration;

/// A request head must be complete this long after the connection starts to wait for it. As hyper starts this clock
/// when the previous response is out, it bounds an idle keep-alive connection as well.
pub(crate) const HEADER_TIMEOUT: Duration = Duration::from_secs(5);

/// A request head may be this long: a hundred times what a scraper sends. hyper answers 431 beyond it.
pub(crate) const HEAD_BYTES: usize = 16 * 1024;

/// A response must be ready this long after its request. It is the default `scrape_timeout` of Prometheus: after it
/// nobody is waiting for the answer.
pub(crate) const RENDER_TIMEOUT: Duration = Duration::from_secs(10);

/// A client must take at least one byte in this time while there are bytes for it. Without this bound a client that
/// asks and never reads holds its copy of the body for ever.
pub(crate) const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// The same while the memory for bodies is short, and the grain in which the clock of a stalled write runs.
pub(crate) const WRITE_PATIENCE: Duration = Duration::from_secs(1);

/// A rendering for which there is no memory waits this long for readers to finish, or to be cut off, before it fails.
pub(crate) const MEMORY_TIMEOUT: Duration = Duration::from_secs(3);

/// How often it looks.
pub(crate) const MEMORY_POLL: Duration = Duration::from_millis(20);

/// A connection is asked to close at this age, so that one which reads a byte now and then ends as well.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(300);

/// After a stop, or at its maximum age, a connection has this long to finish what it is doing.
pub(crate) const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections served at the same time. Scrapers need two or three.
pub(crate) const CONNECTIONS: usize = 512;

/// Connections over the cap that are told so at the same time. Beyond it they are closed without a word.
pub(crate) const REFUSALS: usize = 64;

/// A refused client has this long to take its answer.
pub(crate) const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);

/// The first pause after an accept error that leaves the listener out of resources; it doubles from error to error.
pub(crate) const BACKOFF_MIN: Duration = Duration::from_millis(5);

/// The longest such pause, and so the longest time a recovered system waits for the exporter to notice.
pub(crate) const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// A query string may be this long: half of what a request head may be.
pub(crate) const QUERY_BYTES: usize = 8 * 1024;

/// It may name this many families.
pub(crate) const NAMES: usize = 256;

/// Each in this many bytes.
pub(crate) const NAME_BYTES: usize = 256;

/// Requests that want different parts of the metrics, and are waiting for the same turn. Each part is a rendering of its
/// own, and the others wait for it; beyond it a client is told to come again. Requests for the whole are not counted.
pub(crate) const PARTS: usize = 32;
