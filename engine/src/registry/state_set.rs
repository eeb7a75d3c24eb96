//! Declaring state sets.

use super::desc::{MAX_VALUE_BYTES, length_problem};
use super::open_family::OVERFLOW_LABEL;
use super::{Builder, Desc, Error, FamilyCore, Kind, Labels, Scope};
use crate::cells::Pin;
use crate::label::{Escaping, LabelValue, is_reserved_label, is_valid_label};
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
    let long = || states.iter().find_map(|state| length_problem(state.len(), MAX_VALUE_BYTES));
    let twice = || states.iter().enumerate().find(|(index, state)| states[..*index].contains(state));
    if states.is_empty() {
        Some("a state set needs states; name them with `states`".to_owned())
    } else if let Some(problem) = long() {
        Some(format!("a state: {problem}"))
    } else if let Some((_, state)) = twice() {
        Some(format!("the state {state:?} is given twice"))
    } else if !is_valid_label(name) {
        Some("its name names the label with the state, so it has letters, digits and `_` only".to_owned())
    } else if desc.is_open && name == OVERFLOW_LABEL {
        Some(format!("its name names the label with the state, and the overflow series has a label {OVERFLOW_LABEL:?}"))
    } else {
        // The label is called as the metric, so it is written by the rules of metrics.
        let written = |escaping: Escaping| (escaping.as_str(), escaping.metric(name));
        let reserved = Escaping::ALL.into_iter().map(written).find(|(_, written)| is_reserved_label(written));
        reserved.map(|(scheme, written)| {
            format!(
                "its name names the label with the state, and readers that want names escaped with {scheme} would see \
                 {written:?}, which is reserved"
            )
        })
    }
}

/// Gives why a series may not have this label: under some scheme it is written as the one that names the state.
pub(super) fn label_problem(desc: &Desc, label: &str) -> Option<String> {
    if desc.kind != Kind::StateSet {
        return None;
    }
    if *label == *desc.name {
        return Some("it is called as the metric, and so is the label that names the state".to_owned());
    }
    Escaping::ALL.into_iter().find_map(|escaping| {
        let (written, scheme) = (escaping.label(label), escaping.as_str());
        (written == escaping.metric(&desc.name)).then(|| {
            format!(
                "readers that want names escaped with {scheme} would see {written:?} twice: the label that names the \
                 state is one too"
            )
        })
    })
}

/// Refuses a new name of a state set whose series have a label of that name. Those that are made or removed at the same
/// time may slip through: a scrape leaves them out.
pub(super) fn check_rename(family: &FamilyCore, new: &Desc) -> Result<(), Error> {
    if new.kind != Kind::StateSet {
        return Ok(());
    }
    let pin = Pin::enter();
    let has_name = |record| has_label(Labels::new(new, record), &new.name);
    // Removed ones too, where a scraper has still to show their final values.
    let is_taken =
        family.records(&pin).live().any(has_name) || family.departed.lock().iter().any(|gone| has_name(gone.record()));
    match label_problem(new, &new.name).filter(|_| is_taken) {
        Some(problem) => Err(Error::InvalidLabel { name: new.name.to_string(), label: new.name.to_string(), problem }),
        None => Ok(()),
    }
}

/// Tells whether labels have one of this name already.
pub(crate) fn has_label(labels: Labels<'_>, name: &str) -> bool {
    labels.escaped().any(|(label, _)| label == name)
}
