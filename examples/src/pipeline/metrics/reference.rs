//! The demo's metrics as a page of documentation, made from what it registers.

use std::sync::Arc;

use streamgauge::Registry;

use super::Metrics;
use crate::pipeline::{Checkpoint, Edge, Progress, Stage};
use crate::{Config, Error};

impl Metrics {
    /// Registers everything a run registers, in a registry of its own, without a database or a pipeline.
    ///
    /// # Errors
    /// [`Error::Metrics`].
    pub fn registered() -> Result<Registry, Error> {
        let registry = Registry::new();
        let metrics = Self::register(
            &registry,
            &Checkpoint::default(),
            &Arc::new(Progress::new(0, 0)),
            Config::default().tables,
        )?;
        // All channels are one family.
        metrics.watch(Stage::Source, Stage::Decode, &Edge::<()>::new())?;
        Ok(registry)
    }
}

/// The page `METRICS.md`: every family a run registers, in Markdown.
///
/// # Errors
/// [`Error::Metrics`].
pub fn reference_page() -> Result<String, Error> {
    let reference = Metrics::registered()?.describe();
    Ok(format!("{INTRODUCTION}\n{}", reference.to_markdown()))
}

const INTRODUCTION: &str = "\
# Metrics of the cdc demo

Made by `cargo run -p streamgauge-examples --example reference > examples/METRICS.md`; a test compares.

The series of a short-lived table end when the table is dropped: a scrape shows their last values once more, and from
then on they are part of the `retired` counters. A total over all tables is the sum of both, for example
`sum(cdc_source_events_total) + sum(cdc_source_retired_events_total)`; in the one scrape that shows the last values they
are in both. A rate needs the tables' own series alone: a dropped table's whole count arrives in `retired` at once.
Counters start at 0 with the process; what earlier processes had done is in the `restored` gauges.
";
