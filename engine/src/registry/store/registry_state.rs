//! What the families and scrapers of one registry have in common.

use super::budget::Budget;
use super::removal_numbers::RemovalNumbers;
use crate::registry::desc::RegistryLevel;

/// One for all families and scrapers of a registry.
#[derive(Debug)]
pub(crate) struct RegistryState {
    pub(crate) removals: RemovalNumbers,
    pub(crate) budget: Budget,
    pub(crate) level: RegistryLevel,
}

impl RegistryState {
    pub(crate) fn new() -> Self {
        Self { removals: RemovalNumbers::new(), budget: Budget::new(), level: RegistryLevel::new() }
    }
}
