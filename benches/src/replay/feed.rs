//! The changes to replay.

use super::change::{Change, Op};
use crate::inputs::{Rng, label_sets, observations};

/// The moment the replay takes as now, in nanoseconds: ages are differences to it, so no stage reads a clock.
pub(super) const NOW_NANOS: u64 = 1_700_000_000_000_000_000;

/// Encoded changes in slices, each replayed by every side before the next: they then share what the slice's first
/// reader brought into the cache.
#[derive(Debug)]
pub struct Feed {
    slices: Vec<Vec<u8>>,
    changes: u64,
}

impl Feed {
    /// Makes `changes` changes in `slices` slices.
    pub fn new(changes: u64, slices: u64) -> Self {
        let mut rng = Rng::new(2024);
        let per_slice = changes / slices;
        let slices: Vec<_> = (0..slices).map(|slice| encode(&mut rng, slice * per_slice, per_slice)).collect();
        Self { changes: per_slice * slices.len() as u64, slices }
    }

    /// The slices, in order.
    pub fn slices(&self) -> &[Vec<u8>] {
        &self.slices
    }

    /// Changes in all slices.
    pub fn changes(&self) -> u64 {
        self.changes
    }
}

fn encode(rng: &mut Rng, first: u64, count: u64) -> Vec<u8> {
    let ages = observations();
    let age = |rng: &mut Rng| (ages[rng.below(ages.len() as u64) as usize] * 1e9) as u64;
    let mut out = Vec::new();
    for position in first..first + count {
        let id = rng.below(1_000_000);
        let captured = NOW_NANOS - age(rng);
        let note = &"left at the door, paid in advance, call before delivery"[..rng.below(50) as usize];
        Change {
            op: [Op::Insert, Op::Update, Op::Update, Op::Delete][rng.below(4) as usize],
            position,
            captured,
            committed: captured - age(rng),
            key: &id.to_string(),
            table: &label_sets()[rng.below(16) as usize].table,
            columns: [&format!("customer {id}"), &format!("customer.{id}@example.org"), note],
        }
        .encode(&mut out);
    }
    out
}
