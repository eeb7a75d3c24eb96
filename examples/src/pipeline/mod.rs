//! The pipeline: source, decode, transform, route and sink, each on its own thread, joined by bounded channels.
//!
//! ```text
//! change_log -> [source] -> [decode] -> [transform] -> [route] -> [sink] -> replica + dead letters + checkpoint
//!                       edge          edge            edge       edge        (one transaction)
//! ```
//!
//! Events travel in small batches, but each is counted and timed on its own: a [`streamgauge::Tick`] rides in the
//! event, every stage laps it once, and the last lap serves the end-to-end latency too. An event that a stage refuses
//! is not taken out: it goes on as a rejection, so that order holds and the sink can write its dead letter in the very
//! transaction that moves the checkpoint past it.

mod apply;
mod checkpoint;
mod decode;
mod edge;
mod envelope;
mod metrics;
mod progress;
mod replica;
mod route;
mod run;
mod sink;
mod source;
mod stage;
mod transform;

pub use apply::{Applier, replica_columns};
pub use checkpoint::{Checkpoint, Counts, RowTallies, Tally};
pub use decode::{check_row, decode};
pub use edge::Edge;
pub use envelope::{Batch, Envelope, ErrorKind, Rejection, Stage};
pub use metrics::{
    Metrics, SinkMetrics, SinkRecorder, SourceMetrics, SourceRecorder, StageMetrics, WorkloadMetrics, reference_page,
};
pub use progress::Progress;
pub use replica::Replica;
pub use route::{Destination, Write, destination, route};
pub use run::{Options, Pipeline, Report};
pub use sink::{KillSwitch, Sink};
pub use source::Source;
pub use stage::{StageClock, StageReport};
pub use transform::{Decoded, transform, transform_row};
