//! How an info is made from a record: it is a gauge whose word nobody reads.

use super::instrument::backend::Backend;
use super::{Builder, FamilyCore, Instrument, Kind, RecordRef, Scope, SeriesRef};
use crate::buckets::Layout;
use crate::cells::{GaugeSeries, Held, Hold, OutOfCells, Range};
use crate::metric::Info;
use crate::sync::Arc;
use std::mem::ManuallyDrop;

impl Instrument for Info {
    type Spec = ();
}

#[expect(private_interfaces, reason = "hidden: only the engine names storage")]
impl Backend for Info {
    const KIND: Kind = Kind::Info;
    type View<'r> = ManuallyDrop<Self>;

    fn create(_: Option<&Layout>, created_millis: u64) -> Result<(SeriesRef, Range), OutOfCells> {
        Ok((SeriesRef::Gauge(Arc::new(GaugeSeries::new(created_millis))), Range::SCRATCH))
    }

    fn view<'r>(record: RecordRef<'r>, _: &FamilyCore) -> Option<ManuallyDrop<Self>> {
        match record.series() {
            SeriesRef::Gauge(series) => {
                Some(ManuallyDrop::new(Self::new(ManuallyDrop::into_inner(Held::borrowed(series)))))
            }
            SeriesRef::Cells(_) | SeriesRef::Callback(_) | SeriesRef::Set(_) => None,
        }
    }

    fn owned(view: &Self) -> Option<Self> {
        view.admitted()
    }

    fn holds(&self, show: &mut dyn FnMut(&dyn Hold)) {
        show(self.hold());
    }
}

impl Scope {
    /// Declares an [`Info`]: what it says are its labels. The suffix `_info` is added to the name, unless it is there.
    pub fn info(&self, name: &str, help: &str) -> Builder<Info> {
        let stem = name.strip_suffix("_info").unwrap_or(name);
        Builder::new(self, &format!("{stem}_info"), help)
    }
}
