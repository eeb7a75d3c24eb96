//! Positive value to bucket in one table read and one compare.
//!
//! The bits of positive floats are ordered like the floats, so the top bits (the exponent and a few of
//! the mantissa) cut the line into slots. A slot knows the first bound at or above its start, and which
//! bucket that is; where no slot holds two bounds, one branch-free compare with that bound decides. The
//! number of mantissa bits is chosen for that: one bound for each doubling takes none.

/// Most slots of a table: 64 KiB, which only layouts of a thousand close bounds come near to.
const MAX_SLOTS: usize = 4096;
const MANTISSA_BITS: u32 = 52;

/// A stretch of the line in which all values have the same top bits.
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// The first bound at or above the start of the slot, or +Inf.
    bound: f64,
    /// The bucket of that bound.
    bucket: u64,
}

/// Finds the first of ascending positive bounds that a positive value does not exceed.
#[derive(Debug)]
pub(crate) struct Table {
    shift: u32,
    /// `bits >> shift` of the first slot, the lowest bound's.
    first: u64,
    /// Values below and above these are in the first and the last slot.
    lowest: f64,
    highest: f64,
    /// From the lowest bound's slot to the one after the highest bound's.
    slots: Box<[Slot]>,
    bounds: Box<[f64]>,
    /// Added to the index among `bounds`.
    first_bucket: u64,
    /// Some slot holds several bounds, so one compare is not enough: `search` is to be used.
    crowded: bool,
}

impl Table {
    /// Makes the table of `bounds`, which are positive, finite and ascending; the bucket of the first is
    /// `first_bucket`.
    pub(crate) fn new(bounds: &[f64], first_bucket: u64) -> Self {
        let mut best = Self::with_mantissa_bits(bounds, first_bucket, 0);
        for bits in 1..=16 {
            if !best.crowded || Self::slots_needed(bounds, MANTISSA_BITS - bits) > MAX_SLOTS {
                break;
            }
            best = Self::with_mantissa_bits(bounds, first_bucket, bits);
        }
        best
    }

    fn slots_needed(bounds: &[f64], shift: u32) -> usize {
        let slot_of = |bound: &f64| bound.to_bits() >> shift;
        let (Some(first), Some(last)) = (bounds.first(), bounds.last()) else { return 1 };
        (slot_of(last) - slot_of(first)) as usize + 2
    }

    fn with_mantissa_bits(bounds: &[f64], first_bucket: u64, bits: u32) -> Self {
        let shift = MANTISSA_BITS - bits;
        let slot_of = |bound: &f64| bound.to_bits() >> shift;
        let first = bounds.first().map_or(0, slot_of);
        let slots: Box<[Slot]> = (first..)
            .take(Self::slots_needed(bounds, shift))
            .map(|slot| {
                let index = bounds.partition_point(|bound| slot_of(bound) < slot);
                let bound = bounds.get(index).copied().unwrap_or(f64::INFINITY);
                Slot { bound, bucket: first_bucket + index as u64 }
            })
            .collect();
        let last = first + slots.len() as u64 - 1;
        let crowded = slots.windows(2).any(|pair| pair[1].bucket > pair[0].bucket + 1);
        Self {
            shift,
            first,
            lowest: f64::from_bits(first << shift),
            highest: f64::from_bits(last << shift),
            slots,
            bounds: bounds.into(),
            first_bucket,
            crowded,
        }
    }

    /// Tells whether [`index`](Self::index) may be used.
    pub(crate) fn is_exact(&self) -> bool {
        !self.crowded
    }

    /// Gives the bucket of a positive finite value, in a table that [is exact](Self::is_exact).
    #[inline(always)]
    #[allow(unsafe_code, reason = "the record path: the bounds check costs as much as the read")]
    pub(crate) fn index(&self, value: f64) -> u64 {
        debug_assert!(value > 0.0 && value.is_finite() && self.is_exact());
        // Written so that each is one instruction: `clamp` and `max` also care for NaN.
        let clamped = if value > self.lowest { value } else { self.lowest };
        let clamped = if clamped < self.highest { clamped } else { self.highest };
        let slot = ((clamped.to_bits() >> self.shift) - self.first) as usize;
        debug_assert!(slot < self.slots.len());
        // SAFETY: `lowest` and `highest` are the starts of the first and the last slot, and between
        // them `bits >> shift` counts the slots up from `first`, for bits are ordered like the values.
        let slot = unsafe { self.slots.get_unchecked(slot) };
        slot.bucket + u64::from(value > slot.bound)
    }

    /// Gives the bucket of a positive finite value by binary search: for bounds closer to each other than
    /// the finest table tells apart, and off the hot path.
    pub(crate) fn search(&self, value: f64) -> u64 {
        self.first_bucket + self.bounds.partition_point(|bound| *bound < value) as u64
    }
}
