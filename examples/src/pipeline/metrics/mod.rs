//! Every metric of the demo, registered once, before the first event.
//!
//! All series a dashboard or an alert may name exist from the first scrape on: the handles of every stage and error kind
//! are made here, the sets of a table when the table is there, and on the stream there is no lookup by name. A table's
//! series end with the table. What can be computed when somebody scrapes (lag, depth, age) is a callback and costs the
//! stream nothing.

mod labels;
mod per_table;
mod reference;
mod register;
mod restored;
mod sets;

pub use reference::reference_page;
pub use register::Metrics;
pub use sets::{SinkMetrics, SinkRecorder, SourceMetrics, SourceRecorder, StageMetrics, WorkloadMetrics};

#[cfg(test)]
mod tests;
