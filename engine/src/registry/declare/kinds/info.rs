//! Declaring infos.

use crate::cells::{OutOfCells, Range};
use crate::kind::Kind;
use crate::metric::Info;
use crate::registry::declare::{Backend, Instrument, MetricBuilder, Scope};
use crate::registry::desc::Desc;
use crate::registry::store::{FamilyStore, RowRef, Storage};
use std::mem::ManuallyDrop;

impl Scope {
    /// Declares an [`Info`]: what it says are its labels. The suffix `_info` is added to the name, unless it is there.
    pub fn info(&self, name: &str, help: &str) -> MetricBuilder<Info> {
        let stem = name.strip_suffix("_info").unwrap_or(name);
        MetricBuilder::new(self, &format!("{stem}_info"), help)
    }
}

impl Instrument for Info {
    type Spec = ();
}

// A gauge whose word nobody reads.
#[expect(private_interfaces, reason = "hidden: only the engine names storage")]
impl Backend for Info {
    const KIND: Kind = Kind::Info;
    type View<'r> = ManuallyDrop<Self>;

    fn create(_: &Desc, created_millis: u64) -> Result<(Storage, Range), OutOfCells> {
        Ok(Storage::of_word(created_millis))
    }

    #[inline(always)]
    fn view<'r>(row: RowRef<'r>, _: &FamilyStore) -> Option<ManuallyDrop<Self>> {
        Some(ManuallyDrop::new(Self::new(ManuallyDrop::into_inner(row.series().borrow_word()?))))
    }
}
