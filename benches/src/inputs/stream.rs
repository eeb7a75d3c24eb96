//! What a stream carries besides strings: small keys, most events of a few of them, and values that can be enumerated.

use std::sync::OnceLock;

use super::labels::SETS;
use super::numbers::{INPUTS, Rng};

/// Where the relation ids of a database begin that users have made.
const FIRST_RELATION: u32 = 16_384;

/// Combinations of [`Enumerated`].
pub const COMBINATIONS: usize = 16;

/// Labels whose values are known when the program is written, as numbers; every side makes its own types of them
/// before the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enumerated {
    /// Insert, update, delete or truncate, as 0 to 3.
    pub op: u8,
    /// Read from the table, not from the log.
    pub snapshot: bool,
    /// Delivered.
    pub ok: bool,
}

/// All 16 combinations.
pub fn combinations() -> [Enumerated; COMBINATIONS] {
    std::array::from_fn(|i| Enumerated { op: (i / 4) as u8, snapshot: i & 2 != 0, ok: i & 1 != 0 })
}

/// Indices into [`combinations`], drawn at random.
pub fn combination_order() -> &'static [u8; INPUTS] {
    static ORDER: OnceLock<Box<[u8; INPUTS]>> = OnceLock::new();
    ORDER.get_or_init(|| {
        let mut rng = Rng::new(16);
        Box::new(std::array::from_fn(|_| rng.below(COMBINATIONS as u64) as u8))
    })
}

/// The relation ids of a stream of 64 tables: the k-th most frequent comes 1/k times as often as the first (Zipf),
/// as tables of one database do.
pub fn relations() -> &'static [u32; INPUTS] {
    static RELATIONS: OnceLock<Box<[u32; INPUTS]>> = OnceLock::new();
    RELATIONS.get_or_init(|| {
        let mut rng = Rng::new(128);
        let mut ends = [0.0; SETS];
        let mut total = 0.0;
        for (rank, end) in ends.iter_mut().enumerate() {
            total += 1.0 / (rank + 1) as f64;
            *end = total;
        }
        Box::new(std::array::from_fn(|_| {
            let drawn = rng.unit() * total;
            let rank = ends.partition_point(|&end| end <= drawn).min(SETS - 1);
            // Frequency says nothing of when a table was made: 37 and 64 have no common divisor. Ids have gaps.
            FIRST_RELATION + 3 * (rank * 37 % SETS) as u32
        }))
    })
}

/// The index among [`label_sets`](super::label_sets) of a relation's label set.
pub fn set_of(relation: u32) -> usize {
    ((relation - FIRST_RELATION) / 3) as usize % SETS
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn every_combination_is_there_and_drawn() {
        let combinations = combinations();
        for (i, combination) in combinations.iter().enumerate() {
            assert!(!combinations[..i].contains(combination), "{combination:?} comes twice");
            assert!(combination_order().contains(&(i as u8)));
        }
    }

    #[test]
    fn relations_are_skewed_and_each_has_a_set_of_its_own() {
        let mut drawn: HashMap<u32, usize> = HashMap::new();
        for &relation in relations() {
            *drawn.entry(relation).or_default() += 1;
        }
        let mut sets: Vec<_> = drawn.keys().map(|&relation| set_of(relation)).collect();
        sets.sort_unstable();
        assert!(sets.iter().copied().eq(0..SETS), "{sets:?}");
        let mut counts: Vec<_> = drawn.into_values().collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        // Of 64 tables the first has 1 / (1 + 1/2 + .. + 1/64) of the events: 21 %.
        assert!((0.19..0.23).contains(&(counts[0] as f64 / INPUTS as f64)), "{counts:?}");
        assert!(counts[0] > 30 * counts[SETS - 1], "{counts:?}");
    }
}
