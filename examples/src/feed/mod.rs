//! The change feed: an embedded order-processing database whose row changes land in a log, and the tail of that log.
//!
//! ```text
//! writers --(transaction: rows + change_log, atomically)--> source.db --(tail: lsn > last)--> pipeline
//! ```
//!
//! Triggers write one log row for each changed row, with the old and the new image, inside the writer's own
//! transaction. A commit therefore publishes both or neither: what survives a kill is in the log, and what was
//! rolled back never was. SQLite admits one writer at a time and undoes its sequence on rollback, so the log
//! sequence number (LSN) has no holes and its highest value is the number of events captured so far.
//!
//! Tables come and go while the feed runs. A catalogue lists the short-lived ones; its own triggers log every create
//! and drop, so that a schema change stands in the log between the row changes before and after it.

mod change;
mod relation;
mod row;
pub mod schema;
mod table;
mod tail;
pub mod workload;

pub use change::{Change, Op};
pub use relation::{Relation, Relations};
pub use row::{Datum, Row};
pub use table::{Column, Kind, Table};
pub use tail::{Tail, head, prune};
