//! Declaring counters.

use crate::cells::{OutOfCells, Range};
use crate::kind::Kind;
use crate::metric::Counter;
use crate::registry::declare::{Backend, Builder, Instrument, Scope};
use crate::registry::desc::Desc;
use crate::registry::store::{FamilyCore, RecordRef, SeriesRef};
use std::mem::ManuallyDrop;

impl Scope {
    /// Declares a [`Counter`]. Its name ends in `_total`.
    pub fn counter(&self, name: &str, help: &str) -> Builder<Counter> {
        Builder::new(self, name, help)
    }
}

impl Instrument for Counter {
    type Spec = ();
}

#[expect(private_interfaces, reason = "hidden: only the engine names storage")]
impl Backend for Counter {
    const KIND: Kind = Kind::Counter;
    type View<'r> = ManuallyDrop<Self>;

    fn create(_: &Desc, created_millis: u64) -> Result<(SeriesRef, Range), OutOfCells> {
        SeriesRef::of_cells(1, false, created_millis)
    }

    #[inline(always)]
    fn view<'r>(record: RecordRef<'r>, _: &FamilyCore) -> Option<ManuallyDrop<Self>> {
        Some(ManuallyDrop::new(Self::new(record.borrow_cells()?)))
    }
}
