//! Declaring summaries.

use crate::metric::{Quantiles, Summary};
use crate::registry::declare::{Builder, Scope};
use std::time::Duration;

impl Scope {
    /// Declares a [`Summary`]: quantiles that this process estimates itself. A [histogram](Self::histogram) is nearly
    /// always the better choice, since quantiles of several instances cannot be combined.
    pub fn summary(&self, name: &str, help: &str) -> Builder<Summary> {
        Builder::new(self, name, help)
    }
}

impl Builder<Summary> {
    /// Names the quantiles that are exposed, ascending; without it the median, the 90th and the 99th percentile.
    pub fn quantiles(mut self, quantiles: &[f64]) -> Self {
        let spec = self.spec_mut();
        *spec = Quantiles::new(quantiles.iter().copied()).with_window(spec.window(), spec.slices());
        self
    }

    /// Sets the window over which quantiles are estimated, and by how many slices it moves; without it 60 s in 3. More
    /// slices make it move more evenly, and take as much more memory.
    pub fn window(mut self, window: Duration, slices: u32) -> Self {
        let spec = self.spec_mut();
        *spec = std::mem::take(spec).with_window(window, slices);
        self
    }
}
