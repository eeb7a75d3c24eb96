//! Declaring state sets.

use super::builder::{Builder, Declared, callback_exists};
use super::instrument::backend::Backend;
use super::{Desc, Error, Kind, Level, Scope};
use crate::cells::Pin;
use crate::label::{LabelValue, is_reserved_label, is_valid_label};
use crate::metric::{Gauge, StateSet};

impl Scope {
    /// Declares a [`StateSet`]: which one of a few states something is in.
    pub fn state_set(&self, name: &str, help: &str) -> StateSetBuilder {
        StateSetBuilder { builder: Builder::new(self, name, help), states: Vec::new() }
    }
}

/// A state set being declared; made by [`Scope::state_set`].
#[derive(Debug)]
#[must_use = "nothing is declared before `register`"]
pub struct StateSetBuilder {
    /// Its word is a gauge's.
    builder: Builder<Gauge>,
    states: Vec<Box<str>>,
}

impl StateSetBuilder {
    /// Names the states, with strings or the values of an enum. The first one holds until another is set.
    pub fn states<S: LabelValue>(mut self, states: impl IntoIterator<Item = S>) -> Self {
        self.states = states.into_iter().map(|state| state.with_text(|text| Box::from(text))).collect();
        self
    }

    /// Adds a constant label.
    pub fn label(mut self, name: &str, value: impl Into<String>) -> Self {
        self.builder = self.builder.label(name, value);
        self
    }

    /// States the level; without it that of the scope.
    pub fn level(mut self, level: Level) -> Self {
        self.builder = self.builder.level(level);
        self
    }

    /// Registers the state set with the constant labels, or gives the one that is registered already.
    ///
    /// # Errors
    /// As [`Builder::register`]; also where there are no states, one is given twice, or the name cannot be a label
    /// name.
    pub fn register(self) -> Result<StateSet, Error> {
        let Declared { family, name } = self.builder.declare_as(Kind::StateSet, self.states.into(), &[])?;
        let Some((core, selector)) = family else { return Ok(StateSet::noop()) };
        let pin = Pin::enter();
        let make = |created| Gauge::create(None, created);
        let record = core
            .get_or_insert(&pin, selector.hash(&()), &selector.values(&(), usize::MAX), false, &make)
            .map_err(|refused| refused.into_error(&core))?;
        let word = Gauge::view(record, &core).and_then(|view| Gauge::owned(&view));
        let word = word.ok_or_else(|| callback_exists(name, record))?;
        Ok(StateSet::new(word, core.desc.states.clone()))
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
