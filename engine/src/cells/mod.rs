//! Storage of the write path: one-writer cells in per-thread slabs.
//!
//! ```text
//! thread-local Local ──> Directory (8192 chunk pointers) ──> Chunk (2048 cells)
//!                            ^ one a slab; NEW and ORPHAN threads see one all-null directory
//! Range (chunk, offset) names the same cells in every slab; a series owns one range.
//! ```
//!
//! Recording is: directory pointer, chunk pointer, null? cold path : load, add, store. The cold
//! path attaches the thread, allocates the chunk, or, for threads that cannot own a slab, updates
//! the shared slab with read-modify-write instructions. Readers sum a range over all slabs.
//!
//! Invariants (docs/ARCHITECTURE.md): I1 one writer a cell; I2 no decrease across scrapes; I3 a range
//! belongs to one live series; I5 recorders never wait. Summaries alone have no cells but locked sketches
//! (`summary.rs`).

mod arena;
mod cell;
mod chunk;
mod fence;
mod held;
mod local;
mod lost;
mod owner;
#[cfg(not(engine_loom))]
mod pages;
mod pass;
mod pin;
mod raise;
mod ranges;
mod reclaim;
mod record;
mod series;
mod sketch;
mod slab;
mod stats;
mod summary;

pub(crate) use held::{Counted, Held, Hold};
pub(crate) use lost::{Dropped, count_dropped, count_lost, count_refused_removal};
pub use owner::{RemoteAccess, ThreadOwned};
pub(crate) use pass::{Pass, PassScratch};
pub(crate) use pin::Pin;
pub(crate) use raise::raise;
pub(crate) use ranges::{OutOfCells, Range};

pub(crate) use reclaim::{
    Retired, collect, collect_batch, collect_tables, is_full as reclaimer_is_full, retire, retire_table, sweep_batch,
};
pub(crate) use record::{add, add_observations, add_release, warm};
pub(crate) use series::{GaugeSeries, Series};
pub use stats::{Stats, stats};
pub(crate) use summary::{MergedWindow, SummarySeries, WindowShape};

/// Does what scrapes leave to do: folds slabs of ended threads, frees what was unlinked.
pub(crate) fn tidy_up() {
    arena::arena().fold_idle();
    collect();
}

#[cfg(engine_loom)]
pub mod model;
