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
