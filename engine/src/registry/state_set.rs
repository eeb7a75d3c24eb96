//! Declaring state sets.

use super::{Builder, Desc, Kind, Scope};
use crate::label::{LabelValue, is_reserved_label, is_valid_label};
use crate::metric::StateSet;

impl Scope {
    /// Declares a [`StateSet`]: which one of a few states something is in.
    pub fn state_set(&self, name: &str, help: &str) -> Builder<StateSet> {
        Builder::new(self, name, help)
    }
}

impl Builder<StateSet> {
    /// Names the states, with strings or the values of an enum; a state set needs some. The first one holds until
    /// another is set.
    pub fn states<S: LabelValue>(self, states: impl IntoIterator<Item = S>) -> Self {
        self.spec(states.into_iter().map(|state| state.with_text(|text| Box::from(text))).collect())
    }
}

/// Gives what is wrong with the states of a state set.
pub(super) fn problem(desc: &Desc) -> Option<String> {
    if desc.kind != Kind::StateSet {
        return None;
    }
    let (name, states) = (&*desc.name, &desc.states);
    let twice = || states.iter().enumerate().find(|(index, state)| states[..*index].contains(state));
    if states.is_empty() {
        Some("a state set needs states; name them with `states`".to_owned())
    } else if let Some((_, state)) = twice() {
        Some(format!("the state {state:?} is given twice"))
    } else if !is_valid_label(name) || is_reserved_label(name) {
        Some("its name names the label with the state, so it has no colon and is not reserved".to_owned())
    } else {
        let taken = desc.label_names.iter().any(|label| **label == *name);
        taken.then(|| "the label named as the metric is that of the state".to_owned())
    }
}
