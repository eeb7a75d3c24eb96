//! The list of a registry's families, as scrapes read it.

use super::store::FamilyStore;
use crate::sync::PlainArc;

/// Families in a block: what one registration copies at most.
const BLOCK: usize = 64;

/// An immutable list of families in the order of their registration. Adding one makes a new list that
/// shares all blocks but the last, so many registrations do not cost the square of their number.
#[derive(Clone, Debug, Default)]
pub(crate) struct FamilyList {
    blocks: Vec<PlainArc<Vec<PlainArc<FamilyStore>>>>,
}

impl FamilyList {
    /// Returns the list with one more family.
    pub(crate) fn with(&self, family: PlainArc<FamilyStore>) -> Self {
        let mut blocks = self.blocks.clone();
        match blocks.last_mut() {
            Some(last) if last.len() < BLOCK => PlainArc::make_mut(last).push(family),
            _ => blocks.push(PlainArc::new(vec![family])),
        }
        Self { blocks }
    }

    /// Returns the list without a family, the others in their order.
    pub(crate) fn without(&self, family: &PlainArc<FamilyStore>) -> Self {
        let others: Vec<_> = self.iter().filter(|other| !PlainArc::ptr_eq(other, family)).cloned().collect();
        Self { blocks: others.chunks(BLOCK).map(|block| PlainArc::new(block.to_vec())).collect() }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &PlainArc<FamilyStore>> {
        self.blocks.iter().flat_map(|block| block.iter())
    }
}
