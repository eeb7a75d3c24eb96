//! Declaring gauges.

use crate::cells::{OutOfCells, Range};
use crate::kind::Kind;
use crate::metric::Gauge;
use crate::registry::declare::{Backend, Instrument, MetricBuilder, Scope};
use crate::registry::desc::Desc;
use crate::registry::store::{FamilyStore, RowRef, Storage};
use std::mem::ManuallyDrop;

impl Scope {
    /// Declares a [`Gauge`].
    pub fn gauge(&self, name: &str, help: &str) -> MetricBuilder<Gauge> {
        MetricBuilder::new(self, name, help)
    }
}

impl Instrument for Gauge {
    type Spec = ();
}

#[expect(private_interfaces, reason = "hidden: only the engine names storage")]
impl Backend for Gauge {
    const KIND: Kind = Kind::Gauge;
    type View<'r> = ManuallyDrop<Self>;

    fn create(_: &Desc, created_millis: u64) -> Result<(Storage, Range), OutOfCells> {
        Ok(Storage::of_word(created_millis))
    }

    #[inline(always)]
    fn view<'r>(row: RowRef<'r>, _: &FamilyStore) -> Option<ManuallyDrop<Self>> {
        Some(ManuallyDrop::new(Self::new(ManuallyDrop::into_inner(row.series().borrow_word()?))))
    }
}
