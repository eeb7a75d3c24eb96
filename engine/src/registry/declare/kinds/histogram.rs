//! Declaring histograms.

use crate::buckets::{Buckets, Layout};
use crate::cells::{OutOfCells, Range};
use crate::kind::Kind;
use crate::metric::Histogram;
use crate::registry::declare::{Backend, Instrument, MetricBuilder, Scope};
use crate::registry::desc::{Desc, Shape};
use crate::registry::store::{FamilyStore, RowRef, Storage};
use crate::sync::PlainArc;
use std::mem::ManuallyDrop;

impl Scope {
    /// Declares a [`Histogram`].
    pub fn histogram(&self, name: &str, help: &str) -> MetricBuilder<Histogram> {
        MetricBuilder::new(self, name, help)
    }
}

impl MetricBuilder<Histogram> {
    /// Sets the buckets; default: those of the Prometheus client libraries, which suit
    /// network services, not pipelines: their lowest bound is 5 ms.
    pub fn buckets(self, buckets: Buckets) -> Self {
        self.spec(buckets)
    }
}

#[expect(private_interfaces, reason = "hidden: only the engine names shapes")]
impl Instrument for Histogram {
    type Spec = Buckets;

    fn shape(buckets: &Buckets) -> Result<Shape, String> {
        buckets.check()?;
        Ok(Shape::Buckets(PlainArc::new(Layout::new(buckets))))
    }
}

#[expect(private_interfaces, reason = "hidden: only the engine names storage")]
impl Backend for Histogram {
    const KIND: Kind = Kind::Histogram;
    type View<'r> = ManuallyDrop<Self>;

    fn create(desc: &Desc, created_millis: u64) -> Result<(Storage, Range), OutOfCells> {
        // The sum, then the buckets.
        Storage::of_cells(1 + desc.shape.layout().map_or(1, |layout| layout.buckets()), true, created_millis)
    }

    #[inline(always)]
    #[allow(unsafe_code, reason = "a borrowed handle without touching any count")]
    fn view<'r>(row: RowRef<'r>, store: &FamilyStore) -> Option<ManuallyDrop<Self>> {
        // SAFETY: a bitwise copy of an Arc that is never dropped (ManuallyDrop below) and that the family
        // keeps alive, as the row.
        let layout = ManuallyDrop::new(unsafe { std::ptr::read(store.desc.shape.layout()?) });
        let cells = row.borrow_cells()?;
        Some(ManuallyDrop::new(Self::new(cells, ManuallyDrop::into_inner(layout))))
    }
}
