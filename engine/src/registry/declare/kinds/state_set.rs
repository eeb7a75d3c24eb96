//! Declaring state sets.

use crate::cells::{OutOfCells, Range};
use crate::kind::Kind;
use crate::label::LabelValue;
use crate::metric::{Gauge, StateSet};
use crate::registry::declare::{Backend, Instrument, MetricBuilder, Scope};
use crate::registry::desc::{Desc, Shape};
use crate::registry::store::{FamilyStore, RowRef, Storage};
use std::mem::ManuallyDrop;

impl Scope {
    /// Declares a [`StateSet`]: which one of a few states something is in.
    pub fn state_set(&self, name: &str, help: &str) -> MetricBuilder<StateSet> {
        MetricBuilder::new(self, name, help)
    }
}

impl MetricBuilder<StateSet> {
    /// Names the states, with strings or the values of an enum; a state set needs some. The first one holds until
    /// another is set.
    pub fn states<S: LabelValue>(self, states: impl IntoIterator<Item = S>) -> Self {
        self.spec(states.into_iter().map(|state| state.with_text(|text| Box::from(text))).collect())
    }
}

#[expect(private_interfaces, reason = "hidden: only the engine names shapes")]
impl Instrument for StateSet {
    type Spec = Vec<Box<str>>;

    fn shape(states: &Vec<Box<str>>) -> Result<Shape, String> {
        Shape::of_states(states)
    }
}

#[expect(private_interfaces, reason = "hidden: only the engine names storage")]
impl Backend for StateSet {
    const KIND: Kind = Kind::StateSet;
    type View<'r> = ManuallyDrop<Self>;

    fn create(_: &Desc, created_millis: u64) -> Result<(Storage, Range), OutOfCells> {
        Ok(Storage::of_word(created_millis))
    }

    #[inline(always)]
    #[allow(unsafe_code, reason = "a borrowed handle without touching any count")]
    fn view<'r>(row: RowRef<'r>, store: &FamilyStore) -> Option<ManuallyDrop<Self>> {
        let (held, states) = (row.series().borrow_word()?, store.desc.shape.states()?);
        // SAFETY: a bitwise copy of an Arc that is never dropped (ManuallyDrop below) and that the family keeps alive,
        // as the row.
        let states = unsafe { std::ptr::read(states) };
        Some(ManuallyDrop::new(Self::new(Gauge::new(ManuallyDrop::into_inner(held)), states)))
    }
}
