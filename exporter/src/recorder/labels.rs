//! The labels of a key, as its series has them.

use std::borrow::Cow;
use std::collections::HashMap;

use super::naming::sanitise_label;

/// Labels that a key may have: as many as a series.
pub(super) const MOST_LABELS: usize = 128;
/// So many labels are compared with each other; a table is worth its price for more.
const FEW: usize = 16;

/// Returns labels with legal names, each once, and the global ones that are not among them. Of two that are one the
/// last counts; `mixed` is told the names where they only look alike when they are legal: somebody's mistake.
pub(super) fn legal_labels<'k>(
    own: impl ExactSizeIterator<Item = (&'k str, &'k str)>,
    global: &'k [(String, String)],
    mut mixed: impl FnMut(&str, &str),
) -> Vec<(Cow<'k, str>, &'k str)> {
    let mut labels: Vec<(Cow<'k, str>, &'k str)> = Vec::with_capacity(own.len() + global.len());
    let mut given: Vec<&str> = Vec::with_capacity(own.len());
    let mut places = Places::new(own.len() + global.len());
    for (name, value) in own {
        let legal = sanitise_label(name);
        match places.find(&labels, &legal) {
            Some(place) => {
                if given[place] != name {
                    mixed(given[place], name);
                }
                labels[place].1 = value;
            }
            None => {
                places.add(&legal, labels.len());
                labels.push((legal, value));
                given.push(name);
            }
        }
    }
    let own = labels.len();
    for (name, value) in global {
        // Those before are all different.
        if places.find(&labels[..own], name).is_none() {
            labels.push((Cow::Borrowed(name), value));
        }
    }
    labels
}

/// Where the label of a name stands.
enum Places {
    /// A look at each tells it.
    Few,
    Many(HashMap<Box<str>, usize>),
}

impl Places {
    fn new(labels: usize) -> Self {
        if labels <= FEW { Self::Few } else { Self::Many(HashMap::with_capacity(labels)) }
    }

    fn find(&self, labels: &[(Cow<'_, str>, &str)], name: &str) -> Option<usize> {
        match self {
            Self::Few => labels.iter().position(|(known, _)| *known == name),
            Self::Many(places) => places.get(name).copied(),
        }
    }

    fn add(&mut self, name: &str, place: usize) {
        if let Self::Many(places) = self {
            places.insert(name.into(), place);
        }
    }
}
