//! What a family can be made of.

use crate::buckets::{Buckets, Layout};
use crate::cells::{GaugeSeries, Held, Hold, OutOfCells, Range, Series, SummarySeries};
use crate::kind::Kind;
use crate::metric::{Counter, DurationCounter, Gauge, Histogram, Info, Quantiles, StateSet, Summary, UpDownCounter};
use crate::registry::desc::{Desc, Shape};
use crate::registry::store::{FamilyCore, RecordRef, SeriesRef};
use crate::sync::{Arc, PlainArc};
use std::mem::ManuallyDrop;

/// A metric handle that can be registered, alone or as a family.
///
/// It is what lets code be generic over metrics: `fn wrap<M: Instrument>(family: Family<L, M>)`. The
/// engine implements it; it cannot be implemented outside.
pub trait Instrument: Backend {
    /// What must be said of the metric beside name, help, unit and labels: the buckets of a histogram, the
    /// quantiles of a summary, the states of a state set, nothing of the others.
    type Spec: Default + std::fmt::Debug + Send + Sync + 'static;

    /// Returns the shape of a family, or what is wrong with the spec.
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "hidden: only the engine names shapes")]
    fn shape(_: &Self::Spec) -> Result<Shape, String> {
        Ok(Shape::None)
    }
}

impl Instrument for Counter {
    type Spec = ();
}

impl Instrument for DurationCounter {
    type Spec = ();
}

impl Instrument for Gauge {
    type Spec = ();
}

impl Instrument for UpDownCounter {
    type Spec = ();
}

impl Instrument for Info {
    type Spec = ();
}

#[expect(private_interfaces, reason = "hidden: only the engine names shapes")]
impl Instrument for StateSet {
    type Spec = Vec<Box<str>>;

    fn shape(states: &Vec<Box<str>>) -> Result<Shape, String> {
        Shape::of_states(states)
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

#[expect(private_interfaces, reason = "hidden: only the engine names shapes")]
impl Instrument for Summary {
    type Spec = Quantiles;

    fn shape(quantiles: &Quantiles) -> Result<Shape, String> {
        quantiles.check()?;
        Ok(Shape::Quantiles(PlainArc::new(quantiles.clone())))
    }
}

/// The part of [`Instrument`] that names storage.
pub(crate) mod backend {
    use super::super::scope::Scope;
    use super::{Hold, OutOfCells, Range};
    use crate::kind::Kind;
    use crate::registry::desc::Desc;
    use crate::registry::store::{FamilyCore, RecordRef, Refused, Room, SeriesRef};
    use std::ops::Deref;

    /// How a handle is made from a record.
    pub trait Backend: Clone + Default + std::fmt::Debug + Send + Sync + 'static {
        /// The kind of the family.
        #[doc(hidden)]
        const KIND: Kind;

        /// Makes the storage of a new series.
        #[doc(hidden)]
        #[expect(private_interfaces, reason = "hidden: only the engine names storage")]
        fn create(desc: &Desc, created_millis: u64) -> Result<(SeriesRef, Range), OutOfCells>;

        /// A set of metrics, whose series are those of its members' families.
        #[doc(hidden)]
        const IS_SET: bool = false;

        /// Makes the storage of a set, from the members that are registered in `scope`, before any lock is taken;
        /// `None` where one of them was removed meanwhile, and for single metrics.
        #[doc(hidden)]
        #[expect(private_interfaces, reason = "hidden: only the engine names storage")]
        fn prepare(_scope: &Scope, _room: &Room) -> Result<Option<SeriesRef>, Refused> {
            Ok(None)
        }

        /// Removes the series of a set's members, those that `scope` names.
        #[doc(hidden)]
        fn remove_members(_scope: &Scope) {}

        /// A handle that counts nothing, valid while the record is.
        #[doc(hidden)]
        type View<'r>: Deref<Target = Self>;

        /// Makes a view; `None` where the record's storage is of another kind, or a set has lost a member.
        #[doc(hidden)]
        #[expect(private_interfaces, reason = "hidden: only the engine names storage")]
        fn view<'r>(record: RecordRef<'r>, core: &FamilyCore) -> Option<Self::View<'r>>;

        /// Makes a handle of the user's own from a view, unless the series is dead.
        #[doc(hidden)]
        fn owned(view: &Self) -> Option<Self>;

        /// Shows the holds on series of a handle.
        #[doc(hidden)]
        #[expect(private_interfaces, reason = "hidden: only the engine names storage")]
        fn holds(&self, show: &mut dyn FnMut(&dyn Hold));
    }
}

use backend::Backend;

fn cells(cells: usize, sum_first: bool, created_millis: u64) -> Result<(SeriesRef, Range), OutOfCells> {
    let series = Series::new(cells, sum_first, created_millis)?;
    let range = series.range();
    Ok((SeriesRef::Cells(Arc::new(series)), range))
}

/// Gives a hold that counts nothing, for as long as the record lives.
#[inline(always)]
fn hold_cells(record: RecordRef<'_>) -> Option<Held<Series>> {
    match record.series() {
        SeriesRef::Cells(series) => Some(ManuallyDrop::into_inner(Held::borrowed(series))),
        SeriesRef::Gauge(_) | SeriesRef::Summary(_) | SeriesRef::Callback(_) | SeriesRef::Set(_) => None,
    }
}

macro_rules! over_cells {
    ($metric:ty, $kind:expr, $count:expr) => {
        #[expect(private_interfaces, reason = "hidden: only the engine names storage")]
        impl Backend for $metric {
            const KIND: Kind = $kind;
            type View<'r> = ManuallyDrop<Self>;

            fn create(_: &Desc, created_millis: u64) -> Result<(SeriesRef, Range), OutOfCells> {
                cells($count, false, created_millis)
            }

            #[inline(always)]
            fn view<'r>(record: RecordRef<'r>, _: &FamilyCore) -> Option<ManuallyDrop<Self>> {
                Some(ManuallyDrop::new(Self::new(record.range(), hold_cells(record)?)))
            }

            fn owned(view: &Self) -> Option<Self> {
                view.admitted()
            }

            fn holds(&self, show: &mut dyn FnMut(&dyn Hold)) {
                show(self.hold());
            }
        }
    };
}

over_cells!(Counter, Kind::Counter, 1);
over_cells!(DurationCounter, Kind::DurationCounter, 1);
over_cells!(UpDownCounter, Kind::UpDownCounter, 2);

#[expect(private_interfaces, reason = "hidden: only the engine names storage")]
impl Backend for Histogram {
    const KIND: Kind = Kind::Histogram;
    type View<'r> = ManuallyDrop<Self>;

    fn create(desc: &Desc, created_millis: u64) -> Result<(SeriesRef, Range), OutOfCells> {
        // The sum, then the buckets.
        cells(1 + desc.shape.layout().map_or(1, |layout| layout.buckets()), true, created_millis)
    }

    #[inline(always)]
    #[allow(unsafe_code, reason = "a borrowed handle without touching any count")]
    fn view<'r>(record: RecordRef<'r>, core: &FamilyCore) -> Option<ManuallyDrop<Self>> {
        // SAFETY: a bitwise copy of an Arc that is never dropped (ManuallyDrop below) and that the family
        // keeps alive, as the record.
        let layout = unsafe { std::ptr::read(core.desc.shape.layout()?) };
        let layout = ManuallyDrop::new(layout);
        let held = hold_cells(record)?;
        Some(ManuallyDrop::new(Self::new(record.range(), ManuallyDrop::into_inner(layout), held)))
    }

    fn owned(view: &Self) -> Option<Self> {
        view.admitted()
    }

    fn holds(&self, show: &mut dyn FnMut(&dyn Hold)) {
        show(self.hold());
    }
}

fn word(created_millis: u64) -> Result<(SeriesRef, Range), OutOfCells> {
    let series = GaugeSeries::new(created_millis);
    Ok((SeriesRef::Gauge(Arc::new(series)), Range::SCRATCH))
}

/// Gives a hold that counts nothing, for as long as the record lives.
#[inline(always)]
fn hold_word(record: RecordRef<'_>) -> Option<Held<GaugeSeries>> {
    match record.series() {
        SeriesRef::Gauge(series) => Some(ManuallyDrop::into_inner(Held::borrowed(series))),
        SeriesRef::Cells(_) | SeriesRef::Summary(_) | SeriesRef::Callback(_) | SeriesRef::Set(_) => None,
    }
}

macro_rules! over_word {
    ($metric:ty, $kind:expr) => {
        #[expect(private_interfaces, reason = "hidden: only the engine names storage")]
        impl Backend for $metric {
            const KIND: Kind = $kind;
            type View<'r> = ManuallyDrop<Self>;

            fn create(_: &Desc, created_millis: u64) -> Result<(SeriesRef, Range), OutOfCells> {
                word(created_millis)
            }

            #[inline(always)]
            fn view<'r>(record: RecordRef<'r>, _: &FamilyCore) -> Option<ManuallyDrop<Self>> {
                Some(ManuallyDrop::new(Self::new(hold_word(record)?)))
            }

            fn owned(view: &Self) -> Option<Self> {
                view.admitted()
            }

            fn holds(&self, show: &mut dyn FnMut(&dyn Hold)) {
                show(self.hold());
            }
        }
    };
}

over_word!(Gauge, Kind::Gauge);
// An info is a gauge whose word nobody reads.
over_word!(Info, Kind::Info);

#[expect(private_interfaces, reason = "hidden: only the engine names storage")]
impl Backend for StateSet {
    const KIND: Kind = Kind::StateSet;
    type View<'r> = ManuallyDrop<Self>;

    fn create(_: &Desc, created_millis: u64) -> Result<(SeriesRef, Range), OutOfCells> {
        word(created_millis)
    }

    #[inline(always)]
    #[allow(unsafe_code, reason = "a borrowed handle without touching any count")]
    fn view<'r>(record: RecordRef<'r>, core: &FamilyCore) -> Option<ManuallyDrop<Self>> {
        let held = hold_word(record)?;
        // SAFETY: a bitwise copy of an Arc that is never dropped (ManuallyDrop below) and that the family keeps alive,
        // as the record.
        let states = unsafe { std::ptr::read(core.desc.shape.states()?) };
        Some(ManuallyDrop::new(Self::new(Gauge::new(held), states)))
    }

    fn owned(view: &Self) -> Option<Self> {
        view.admitted()
    }

    fn holds(&self, show: &mut dyn FnMut(&dyn Hold)) {
        show(self.hold());
    }
}

#[expect(private_interfaces, reason = "hidden: only the engine names storage")]
impl Backend for Summary {
    const KIND: Kind = Kind::Summary;
    type View<'r> = ManuallyDrop<Self>;

    fn create(desc: &Desc, created_millis: u64) -> Result<(SeriesRef, Range), OutOfCells> {
        // A family of summaries has quantiles, or it was not declared.
        let shape = desc.shape.quantiles().and_then(|quantiles| quantiles.shape()).ok_or(OutOfCells)?;
        Ok((SeriesRef::Summary(Arc::new(SummarySeries::new(shape, created_millis))), Range::SCRATCH))
    }

    #[inline(always)]
    fn view<'r>(record: RecordRef<'r>, _: &FamilyCore) -> Option<ManuallyDrop<Self>> {
        let SeriesRef::Summary(series) = record.series() else { return None };
        Some(ManuallyDrop::new(Self::new(ManuallyDrop::into_inner(Held::borrowed(series)))))
    }

    fn owned(view: &Self) -> Option<Self> {
        view.admitted()
    }

    fn holds(&self, show: &mut dyn FnMut(&dyn Hold)) {
        show(self.hold());
    }
}
