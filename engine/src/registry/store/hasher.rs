//! The hash of a label set: a sum over its values, mixed.

use super::table::usable;
use rapidhash::inner::RapidHasher;
use std::fmt;
use std::hash::Hasher;

/// Hashes one value: values are hashed apart from each other, so the processor works on all of them at
/// once, and mixed when they are summed.
#[derive(Clone, Copy)]
pub(crate) struct ValueHasher(RapidHasher<'static, false, false>);

impl ValueHasher {
    pub(crate) fn new(seed: u64) -> Self {
        Self(RapidHasher::new(seed))
    }

    /// Returns the hash of a label set from all its values in the family's order.
    pub(crate) fn hash_all(self, values: impl Iterator<Item = impl AsRef<str>>) -> u64 {
        let hashes = values.enumerate().map(|(index, value)| self.hash(value.as_ref()).wrapping_mul(multiplier(index)));
        finish(hashes.fold(0, u64::wrapping_add))
    }

    #[inline(always)]
    pub(crate) fn hash(self, value: &str) -> u64 {
        let mut hasher = self.0;
        hasher.write(value.as_bytes());
        hasher.finish()
    }
}

impl fmt::Debug for ValueHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The seed is a secret of the process.
        f.debug_struct("ValueHasher").finish_non_exhaustive()
    }
}

/// Returns what the hash of a value is multiplied by, odd: the hash of a set depends on which label a value belongs to,
/// but not on the order of the labels.
pub(crate) fn multiplier(index: usize) -> u64 {
    // The golden ratio, as in Fibonacci hashing, times an odd number: odd.
    0x9e37_79b9_7f4a_7c15u64.wrapping_mul(2 * index as u64 + 1)
}

/// Mixes the sum of the values' hashes so that any bits of it can choose a slot.
#[inline(always)]
pub(crate) fn finish(sum: u64) -> u64 {
    let product = u128::from(sum) * 0x2d35_8dcc_aa6c_78a5;
    usable((product as u64) ^ ((product >> 64) as u64))
}
