//! The handles: what a pipeline records through.
//!
//! A handle is cheap to keep and to record through, and costs two read-modify-writes to clone: clone
//! it when a thread or task starts, not per event. All are `Send + Sync`, usable from statics and from
//! async tasks; a record never waits, never allocates once the thread is warm, and never panics. A summary is the
//! exception: it locks, and says so.

mod counter;
mod duration_counter;
mod float_counter;
mod gauge;
pub(crate) mod handle;
mod histogram;
mod info;
mod quantiles;
mod snapshot;
mod state_set;
mod summary;
mod tick;
mod timer;
mod up_down_counter;

pub use counter::Counter;
pub use duration_counter::DurationCounter;
pub use float_counter::FloatCounter;
pub use gauge::Gauge;
pub(crate) use handle::{CellHandle, Handle};
pub use histogram::Histogram;
pub use info::Info;
pub use quantiles::Quantiles;
pub use snapshot::HistogramSnapshot;
pub use state_set::StateSet;
pub use summary::{Summary, SummarySnapshot};
pub use tick::Tick;
#[cfg(debug_assertions)]
pub(crate) use tick::reads as clock_reads;
pub use timer::Timer;
pub use up_down_counter::{InProgress, UpDownCounter};

/// Allocates and touches the memory that records of the calling thread will use, for those who care
/// about the latency of the first record: the thread's slab and every page of the chunks in use now.
///
/// Costs up to 16 KiB of memory for every 2048 cells that series own. Series created later may take a
/// page fault again.
///
/// ```
/// # let registry = streamgauge::Registry::new();
/// # let events = registry.counter("events_total", "Events.").register()?;
/// std::thread::spawn(move || {
///     streamgauge::warm_thread();
///     events.inc(); // no allocation, no page fault
/// });
/// # Ok::<(), streamgauge::Error>(())
/// ```
pub fn warm_thread() {
    crate::cells::warm();
}
