//! What a run can be told.

use std::path::PathBuf;
use std::time::Duration;

/// The settings of a run. The default is the demo without flags.
#[derive(Clone, Debug)]
pub struct Config {
    /// Stop once the state directory has captured this many events, over all processes; none: run until stopped.
    pub events: Option<u64>,
    /// The state directory; none: a temporary one.
    pub dir: Option<PathBuf>,
    /// Kill this process after it has applied this many events.
    pub kill_after: Option<u64>,
    /// The address the exporter listens on.
    pub listen: String,
    /// Whether anything is measured. Without it the same code runs on a disabled registry.
    pub metrics: bool,
    /// How long the exporter stays up after the run.
    pub linger: Duration,
    /// Writers of the workload.
    pub writers: usize,
    /// Short-lived tables that are there at a time; 0 for none.
    pub tables: usize,
    /// Rows written to short-lived tables between two that are dropped.
    pub table_rows: u64,
    /// Seed of the workload.
    pub seed: u64,
    /// How progress is shown.
    pub live: Live,
    /// A fault to inject.
    pub fault: Option<Fault>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            events: None,
            dir: None,
            kill_after: None,
            listen: String::from("127.0.0.1:0"),
            metrics: true,
            linger: Duration::ZERO,
            writers: 4,
            tables: 8,
            table_rows: 250,
            seed: 42,
            live: Live::Off,
            fault: None,
        }
    }
}

/// How progress is shown while the pipeline runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Live {
    /// One line that is drawn again and again: for a terminal.
    Redraw,
    /// A new line now and then: for a file.
    Append,
    /// Not at all.
    Off,
}

/// A fault to inject, to prove that verification notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// One event is read and applied, but not counted.
    DropOneIncrement,
}
