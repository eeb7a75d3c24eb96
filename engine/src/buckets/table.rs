//! Positive value to bucket in two table reads and one compare.
//!
//! The bits of positive floats are ordered like the floats, so their top bits cut the line into octaves
//! (the exponent) and, by a few bits of the mantissa, each octave into slots of equal width. A slot knows
//! the first bound at or above its start, and which bucket that is; where no slot holds two bounds, one
//! branch-free compare of integers with that bound decides. The number of mantissa bits is chosen for
//! that: one bound for each doubling takes none. A table over all octaves, signs included, sends every
//! value that is not positive and finite elsewhere, and all octaves beyond the bounds to slots of theirs:
//! nothing is clamped or subtracted.

use std::fmt;

/// Most slots of a table: 64 KiB, which only layouts of a thousand close bounds come near to.
const MAX_SLOTS: usize = 4096;
const MANTISSA_BITS: u32 = 52;
/// Values of sign and exponent.
const OCTAVES: usize = 4096;
/// Sign clear, exponent all ones: infinities and NaN.
const FINITE_OCTAVES: usize = 2047;
/// Marks an octave whose values are not for the table.
const UNCOMMON: u16 = u16::MAX;

/// A stretch of the line in which all values have the same top bits.
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// Bits of the first bound at or above the start of the slot, or of +Inf.
    bound: u64,
    /// The bucket of that bound.
    bucket: u64,
}

/// Finds the first of ascending positive bounds that a positive value does not exceed.
pub(crate) struct Table {
    /// Leaves the mantissa bits that choose the slot, above them the exponent.
    shift: u32,
    /// Takes the exponent away.
    mask: usize,
    /// Octave by octave: one below the lowest bound's, those of the bounds, one above the highest's.
    slots: Box<[Slot]>,
    /// The first slot of each octave, or `UNCOMMON`.
    octaves: [u16; OCTAVES],
    bounds: Box<[f64]>,
    /// Added to the index among `bounds`.
    first_bucket: u64,
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What the table is made of are thousands of numbers.
        f.debug_struct("Table")
            .field("bounds", &self.bounds.len())
            .field("slots", &self.slots.len())
            .finish_non_exhaustive()
    }
}

impl Table {
    /// Makes the table of `bounds`, which are positive, finite and ascending; the bucket of the first is
    /// `first_bucket`.
    pub(crate) fn new(bounds: &[f64], first_bucket: u64) -> Self {
        let octave_of = |bound: &f64| (bound.to_bits() >> MANTISSA_BITS) as usize;
        let first = bounds.first().map_or(1, octave_of);
        let last = bounds.last().map_or(0, octave_of);
        let mut table = Self {
            shift: MANTISSA_BITS,
            mask: 0,
            slots: Box::default(),
            octaves: [UNCOMMON; OCTAVES],
            bounds: bounds.into(),
            first_bucket,
        };
        let fits = |bits: &u32| (last + 3 - first) << bits <= MAX_SLOTS;
        let Some((bits, slots)) = (0..=12)
            .take_while(fits)
            .map(|bits| (bits, table.slots(first, last, bits)))
            .find(|(_, slots)| is_exact(slots))
        else {
            return table;
        };
        table.shift = MANTISSA_BITS - bits;
        table.mask = (1 << bits) - 1;
        table.slots = slots;
        // Octave 0 holds zero too, whose bucket may be one of the bounds up to zero.
        for octave in usize::from(first_bucket > 0)..FINITE_OCTAVES {
            let place = (octave + 1).saturating_sub(first).min(last + 2 - first);
            table.octaves[octave] = (place << bits) as u16;
        }
        table
    }

    /// Makes the slots of the octaves `first` to `last` and one on either side.
    fn slots(&self, first: usize, last: usize, bits: u32) -> Box<[Slot]> {
        let above = (last + 1).max(first) << bits;
        let below = std::iter::repeat_n(0, 1 << bits);
        let within = first << bits..above;
        let slots = below.chain(within).chain(std::iter::repeat_n(usize::MAX, 1 << bits));
        let slot_of = |bound: &f64| (bound.to_bits() >> (MANTISSA_BITS - bits)) as usize;
        slots
            .map(|slot| {
                let index = self.bounds.partition_point(|bound| slot_of(bound) < slot);
                let bound = self.bounds.get(index).copied().unwrap_or(f64::INFINITY);
                Slot { bound: bound.to_bits(), bucket: self.first_bucket + index as u64 }
            })
            .collect()
    }

    /// Returns the bucket of a value, or `None` where it is not positive and finite or the bounds are too close
    /// to each other for any table.
    #[inline(always)]
    #[allow(unsafe_code, reason = "the record path: the bounds check costs as much as the read")]
    pub(crate) fn index(&self, value: f64) -> Option<u64> {
        let bits = value.to_bits();
        let first = self.octaves[(bits >> MANTISSA_BITS) as usize];
        if first == UNCOMMON {
            return None;
        }
        let slot = usize::from(first) + ((bits >> self.shift) as usize & self.mask);
        debug_assert!(slot < self.slots.len());
        // SAFETY: every octave but the uncommon ones has its `mask + 1` slots from `first` on.
        let slot = unsafe { self.slots.get_unchecked(slot) };
        Some(slot.bucket + u64::from(bits > slot.bound))
    }

    /// Returns the bucket of a positive finite value by binary search: for bounds closer to each other than
    /// the finest table tells apart, and off the hot path.
    pub(crate) fn search(&self, value: f64) -> u64 {
        self.first_bucket + self.bounds.partition_point(|bound| *bound < value) as u64
    }
}

/// Returns whether no slot holds two bounds.
fn is_exact(slots: &[Slot]) -> bool {
    slots.windows(2).all(|pair| pair[1].bucket <= pair[0].bucket + 1)
}
