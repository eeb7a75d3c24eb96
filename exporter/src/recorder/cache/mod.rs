//! What a thread remembers: the handle of each key it has used, so that a macro call takes neither a lock nor a cache
//! line that other threads write.
//!
//! All threads share one bound of bytes (`limit`). Within it what was used lately stays: each entry has a mark, which a
//! hit sets and which a hand that goes round takes away; what it finds without mark goes. The hand moves where a thread
//! has to remember something and there is no room: its own hand at once, and for each `VISIT_BYTES` that threads could not
//! simply have, that of one other cache in turn, so that a thread that sleeps does not keep what it does not use.
//!
//! Whoever ends a recorder walks no cache. A thread throws out what belongs to recorders that are gone when it next
//! remembers something; for threads that do not, one cache in turn is looked through when a recorder is made, and all
//! when one is scraped.
//!
//! ```text
//! cached_facade  the caches of a version of the facade: this thread's, and those of all
//! visitors       the caches of all threads, one in turn or each
//! thread_cache   what one thread remembers, within the bound
//! table          entries, their index, and the hand
//! key, held      keys and handles as they are remembered
//! gone           which recorders exist; limit: the bound
//! ```

mod cached_facade;
mod gone;
mod held;
mod key;
mod limit;
mod table;
mod thread_cache;
mod visitors;

pub(super) use cached_facade::{CachedFacade, Due};
pub(super) use gone::{RecorderId, forget_where_new};
pub(super) use held::Cached;
pub(super) use limit::set_limit;
pub use limit::{cache_bytes, cache_limit};
pub(super) use thread_cache::ThreadCache;
pub(super) use visitors::Visitors;
