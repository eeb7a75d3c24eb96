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

/// While the memory for bodies is short, readers that are slow are cut off; but everybody has this long. After as long
/// again the oldest body is called back from all its readers.
pub(crate) const BODY_PATIENCE: Duration = Duration::from_millis(300);

/// How often a rendering looks that waits for memory.
pub(crate) const MEMORY_POLL: Duration = Duration::from_millis(10);

/// While memory is short a reader has to take so many bytes a second.
pub(crate) const PACE_BYTES: u128 = 1_000_000;

/// What is copied of a body at once, so that nothing below has the whole: as much as the socket's buffers take, and fits
/// into a processor's cache.
pub(crate) const PIECE_BYTES: usize = 64 * 1024;

/// What readers may hold in unfinished bodies. Far more than honest readers need: the system's socket buffers take
/// a body of a few megabytes whole, and a finished reader holds nothing.
pub(crate) const BUDGET_BYTES: usize = 64 * 1024 * 1024;

/// Bodies that readers may hold however large they are, so that a huge exposition can still be read.
pub(crate) const BUDGET_BODIES: usize = 4;

/// Bodies that no reader holds and that are kept for later: one as it is and one compressed.
pub(crate) const SPARE_BODIES: usize = 2;

/// Unused capacity that is kept, whatever the size of the body.
pub(crate) const SLACK_BYTES: usize = 64 * 1024;

/// A connection is asked to close at this age, so that one which reads a byte now and then ends as well.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(300);

/// After a stop, or at its maximum age, a connection has this long to finish what it is doing.
pub(crate) const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections served at the same time. Scrapers need two or three.
pub(crate) const CONNECTIONS: usize = 512;

/// Connections over the cap that wait for a place at the same time. They are a socket and a few words each.
pub(crate) const NEWCOMERS: usize = 1024;

/// How long they wait: by then everybody who has a place now has had an answer, or none in time.
pub(crate) const PLACE_TIMEOUT: Duration = RENDER_TIMEOUT;

/// Connections that have just come and said nothing are a crowd if there are more of them. Then they make room too.
pub(crate) const CROWD: usize = 128;

/// A client has so long to send its request, from the moment on at which it is listened to, before its place may be given
/// to another.
pub(crate) const GRACE: Duration = Duration::from_millis(250);

/// The same where there is nothing left of what the system has for connections.
pub(crate) const SHORT_GRACE: Duration = Duration::from_millis(10);

/// Nor does a client keep its place that takes no byte of its answer for so long,
pub(crate) const STALL: Duration = Duration::from_millis(250);

/// or takes so long for all of it.
pub(crate) const LONG_ANSWER: Duration = Duration::from_secs(10);

/// An address with fewer places than this does not have to give any up that it needs.
pub(crate) const FEW_PLACES: usize = 8;

/// How often those who wait look whether somebody may be sent away who could not before.
pub(crate) const PLACE_POLL: Duration = Duration::from_millis(50);

/// Connections beyond these that are told so at the same time. Beyond it they are closed without a word.
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

/// Different parts of the metrics that may wait to be rendered. Each is a rendering of its own, for which the other parts
/// wait; beyond it a client is told to come again. Of all the metrics there are only so many forms.
pub(crate) const PARTS: usize = 32;

/// Parts that are remembered because they were rendered once,
pub(crate) const PARTS_ONCE: usize = 4096;

/// and more often. See the queue.
pub(crate) const PARTS_OFTEN: usize = 256;

/// The longest rest between two runs of the callbacks while there is always somebody who asks.
pub(crate) const REST: Duration = Duration::from_millis(10);

/// Connections that the system completes before the exporter has taken them. More than this it makes wait a second
/// each; it may have a lower limit of its own.
pub(crate) const BACKLOG: u32 = 1024;

/// An exporter that starts waits this long for others that bind a socket in the same directory.
#[cfg(unix)]
pub(crate) const DIRECTORY_TIMEOUT: Duration = Duration::from_secs(2);

/// How often it looks.
#[cfg(unix)]
pub(crate) const DIRECTORY_POLL: Duration = Duration::from_millis(2);
