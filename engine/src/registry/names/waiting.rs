//! The families of bridges in the order in which they are named, and who waits for a name that another one has.

use crate::registry::desc::Turn;
use crate::registry::store::FamilyStore;
use crate::sync::PlainArc;
use std::collections::{BTreeMap, HashMap};

/// The families that do not have the name they wish for, by the names they were refused.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    by_name: HashMap<String, Vec<u64>>,
    families: HashMap<u64, (PlainArc<FamilyStore>, Vec<String>)>,
}

/// Families to be named, in the order in which that is done.
pub(super) type Work = BTreeMap<Turn, PlainArc<FamilyStore>>;

impl Waiting {
    /// Notes what a family was refused; nothing where it has what it wishes for.
    pub(super) fn note(&mut self, serial: u64, family: &PlainArc<FamilyStore>, refused: Vec<String>) {
        if let Some((_, names)) = self.families.remove(&serial) {
            for name in names {
                if let Some(waiting) = self.by_name.get_mut(&name) {
                    waiting.retain(|other| *other != serial);
                    if waiting.is_empty() {
                        self.by_name.remove(&name);
                    }
                }
            }
        }
        if !refused.is_empty() {
            refused.iter().for_each(|name| self.by_name.entry(name.clone()).or_default().push(serial));
            self.families.insert(serial, (family.clone(), refused));
        }
    }

    /// Adds those that wait for one of these names.
    pub(super) fn wake(&self, freed: impl Iterator<Item = String>, work: &mut Work) {
        if self.families.is_empty() {
            return;
        }
        let waiting = freed.filter_map(|name| self.by_name.get(&name)).flatten();
        for family in waiting.filter_map(|serial| self.families.get(serial)).map(|(family, _)| family) {
            if let Some(turn) = family.first_turn() {
                work.insert(turn, family.clone());
            }
        }
    }
}

impl FamilyStore {
    /// Returns whether the family gives its name up to others.
    pub(super) fn has_wish(&self) -> bool {
        self.desc.wish.is_some()
    }

    /// Returns the turn in which the family got the name it has; `None` for one that keeps the name it was declared
    /// with.
    pub(super) fn turn(&self) -> Option<Turn> {
        self.with_desc(|desc| {
            let wish = desc.wish.as_ref()?;
            Some(wish.turn(usize::from(*desc.name != *wish.name(0))))
        })
    }

    /// Returns its turn for the name it wishes for.
    pub(super) fn first_turn(&self) -> Option<Turn> {
        self.with_desc(|desc| desc.wish.as_ref().map(|wish| wish.turn(0)))
    }
}
