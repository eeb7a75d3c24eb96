//! Declaring state sets.

use crate::label::LabelValue;
use crate::metric::StateSet;
use crate::registry::declare::{Builder, Scope};

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
