//! Declaring summaries.

use crate::cells::{Held, OutOfCells, Range, SummarySeries};
use crate::kind::Kind;
use crate::metric::{Quantiles, Summary};
use crate::registry::declare::{Backend, Instrument, MetricBuilder, Scope};
use crate::registry::desc::{Desc, Shape};
use crate::registry::store::{FamilyStore, RowRef, Storage};
use crate::sync::{Arc, PlainArc};
use std::mem::ManuallyDrop;
use std::time::Duration;

impl Scope {
    /// Declares a [`Summary`]: quantiles that this process estimates itself. A [histogram](Self::histogram) is nearly
    /// always the better choice, since quantiles of several instances cannot be combined.
    pub fn summary(&self, name: &str, help: &str) -> MetricBuilder<Summary> {
        MetricBuilder::new(self, name, help)
    }
}

impl MetricBuilder<Summary> {
    /// Names the quantiles that are exposed, ascending; default: the median, the 90th and the 99th percentile.
    pub fn quantiles(mut self, quantiles: &[f64]) -> Self {
        let spec = self.spec_mut();
        *spec = Quantiles::new(quantiles.iter().copied()).with_window(spec.window(), spec.slices());
        self
    }

    /// Sets the window over which quantiles are estimated, and by how many slices it moves; default: 60 s in 3. More
    /// slices make it move more evenly, and take as much more memory.
    pub fn window(mut self, window: Duration, slices: u32) -> Self {
        let spec = self.spec_mut();
        *spec = std::mem::take(spec).with_window(window, slices);
        self
    }
}

#[expect(private_interfaces, reason = "hidden: only the engine names shapes")]
impl Instrument for Summary {
    type Spec = Quantiles;

    fn shape(quantiles: &Quantiles) -> Result<Shape, String> {
        quantiles.check()?;
        Ok(Shape::Quantiles(PlainArc::new(quantiles.clone())))
    }
}

#[expect(private_interfaces, reason = "hidden: only the engine names storage")]
impl Backend for Summary {
    const KIND: Kind = Kind::Summary;
    type View<'r> = ManuallyDrop<Self>;

    fn create(desc: &Desc, created_millis: u64) -> Result<(Storage, Range), OutOfCells> {
        // A family of summaries has quantiles, or it was not declared.
        let shape = desc.shape.quantiles().and_then(|quantiles| quantiles.shape()).ok_or(OutOfCells)?;
        Ok((Storage::Summary(Arc::new(SummarySeries::new(shape, created_millis))), Range::SCRATCH))
    }

    #[inline(always)]
    fn view<'r>(row: RowRef<'r>, _: &FamilyStore) -> Option<ManuallyDrop<Self>> {
        let Storage::Summary(series) = row.series() else { return None };
        Some(ManuallyDrop::new(Self::new(ManuallyDrop::into_inner(Held::borrowed(series)))))
    }
}
