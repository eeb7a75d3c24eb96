//! Which families have no room for a series more: said once each.

use std::collections::HashSet;
use std::sync::atomic::AtomicU64;

use parking_lot::RwLock;

use super::kind::Kind;
use super::warnings::{Collisions, Warning};

/// Families that are named in the log. Where more are full, the limit of the registry is the reason.
const MOST_NAMED: usize = 32;

/// The families that have passed their limit of series, or found the registry full.
#[derive(Debug, Default)]
pub(super) struct FullFamilies {
    /// Calls that found no room.
    pub(super) refused: AtomicU64,
    /// By the name as it was given, a set a kind.
    named: RwLock<[HashSet<Box<str>>; 3]>,
}

impl FullFamilies {
    /// Counts a call that found no room; says so where it was the first of its family.
    pub(super) fn note(&self, kind: Kind, name: &str) {
        Collisions::count(&self.refused);
        if let Some(warning) = self.warning(kind, name) {
            // Without the lock, for whoever hears it may record metrics.
            warning.log();
        }
    }

    fn warning(&self, kind: Kind, name: &str) -> Option<Warning> {
        {
            let named = self.named.read();
            if named[kind as usize].contains(name) || count(&named) > MOST_NAMED {
                return None;
            }
        }
        let mut named = self.named.write();
        if count(&named) > MOST_NAMED || !named[kind as usize].insert(name.into()) {
            return None;
        }
        let is_last = count(&named) > MOST_NAMED;
        Some(if is_last {
            Warning::OthersFull { named: MOST_NAMED }
        } else {
            Warning::FamilyFull { kind, name: name.into() }
        })
    }
}

fn count(named: &[HashSet<Box<str>>; 3]) -> usize {
    named.iter().map(HashSet::len).sum()
}
