//! State set: which one of a few states something is in.

use super::Gauge;
use super::handle::handle;
use crate::label::LabelValue;
use crate::sync::PlainArc;

/// Which one of a few named states something is in. Exposed as one sample a state, with the state in a label that is
/// named as the metric: exactly one of them is 1.
///
/// States are strings, or values of an enum with `#[derive(LabelValue)]`. The first one holds until another is set.
///
/// # Performance
/// [`set`](Self::set) compares the text with the names of the states and stores one shared word; the last write wins.
/// [`set_index`](Self::set_index) does not compare.
///
/// # Examples
/// ```
/// use streamgauge::{LabelValue, Registry};
///
/// #[derive(LabelValue)]
/// enum Phase {
///     Snapshot,
///     Streaming,
/// }
///
/// let registry = Registry::new();
/// let states = [Phase::Snapshot, Phase::Streaming];
/// let phase = registry.state_set("phase", "What the source does.").states(states).register()?;
/// phase.set(&Phase::Streaming);
/// assert_eq!(phase.get(), Some("streaming"));
/// assert_eq!(registry.sample_value("phase", &[("phase", "streaming")]), Some(1.0));
/// assert_eq!(registry.sample_value("phase", &[("phase", "snapshot")]), Some(0.0));
/// // Or one for each label set: `.states([..]).family()`.
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a state set that nobody sets stays in its first state"]
pub struct StateSet {
    /// The index of the state.
    word: Gauge,
    states: PlainArc<[Box<str>]>,
}

handle!(StateSet { word, states });

impl StateSet {
    pub(crate) fn new(word: Gauge, states: PlainArc<[Box<str>]>) -> Self {
        Self { word, states }
    }

    /// Makes a state set that has no state.
    pub fn noop() -> Self {
        Self { word: Gauge::noop(), states: PlainArc::new([]) }
    }

    /// Sets the state; returns whether there is one of that name. Where there is none, nothing changes.
    pub fn set<S: LabelValue + ?Sized>(&self, state: &S) -> bool {
        let index = state.with_text(|text| self.states.iter().position(|known| **known == *text));
        index.is_some_and(|index| self.set_index(index))
    }

    /// Sets the state by its place in the list of states; returns whether there is one.
    #[inline]
    pub fn set_index(&self, index: usize) -> bool {
        let known = index < self.states.len();
        if known {
            self.word.set(index as f64);
        }
        known
    }

    /// Reads the state; `None` for a noop.
    #[must_use]
    pub fn get(&self) -> Option<&str> {
        self.states.get(self.word.get() as usize).map(|state| &**state)
    }
}
