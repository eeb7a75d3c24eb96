//! Every metric of the demo, registered once, before the first event.
//!
//! All series a dashboard or an alert may name exist from the first scrape on: the handles of every table, operation,
//! stage and error kind are made here, and the stages only ever touch handles. What can be computed when somebody
//! scrapes (lag, depth, age) is a callback and costs the stream nothing.

mod labels;
mod reference;
mod register;
mod sets;

pub use labels::TableOp;
pub use register::Metrics;
pub use sets::{SinkMetrics, SourceMetrics, StageMetrics, WorkloadMetrics};
