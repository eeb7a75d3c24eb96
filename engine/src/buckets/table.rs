//! Positive value to bucket in one table read and one compare.
//!
//! The bits of positive floats are ordered like the floats, so the top bits (the exponent and a few of
//! the mantissa) cut the line into cells. The table tells for each cell the first bound at or above its
//! start; where no cell holds two bounds, one branch-free compare with that bound decides. The number of
//! mantissa bits is chosen for that: one for each doubling takes none.

/// Most entries of a table: 16 KiB, half of a first-level cache.
const MAX_SLOTS: usize = 8192;
const MANTISSA_BITS: u32 = 52;

/// Finds the first of ascending positive bounds that a positive value does not exceed.
#[derive(Debug)]
pub(crate) struct Table {
    shift: u32,
    /// `bits >> shift` of the cell of the lowest bound.
    first: u64,
    /// For each cell the index of the first bound at or above its start; the last entry stands for all
    /// that lies above the highest bound.
    slots: Box<[u16]>,
    /// The bounds, then +Inf.
    bounds: Box<[f64]>,
    /// Some cell holds several bounds, so one compare is not enough.
    crowded: bool,
}

impl Table {
    /// Makes the table of `bounds`, which are positive, finite and ascending.
    pub(crate) fn new(bounds: &[f64]) -> Self {
        let mut best = Self::with_mantissa_bits(bounds, 0);
        for bits in 1..=16 {
            if !best.crowded {
                break;
            }
            let finer = Self::with_mantissa_bits(bounds, bits);
            if finer.slots.len() > MAX_SLOTS {
                break;
            }
            best = finer;
        }
        best
    }

    fn with_mantissa_bits(bounds: &[f64], bits: u32) -> Self {
        let shift = MANTISSA_BITS - bits;
        let cell_of = |bound: &f64| bound.to_bits() >> shift;
        let first = bounds.first().map_or(0, cell_of);
        let last = bounds.last().map_or(0, cell_of);
        let cells = if bounds.is_empty() { 0 } else { (last - first + 1) as usize };
        let mut slots = Vec::with_capacity(cells + 1);
        for cell in first..first + cells as u64 {
            slots.push(bounds.partition_point(|bound| cell_of(bound) < cell) as u16);
            if slots.len() > MAX_SLOTS {
                break;
            }
        }
        slots.push(bounds.len() as u16);
        let crowded = slots.windows(2).any(|pair| pair[1] > pair[0] + 1);
        let bounds = bounds.iter().copied().chain([f64::INFINITY]).collect();
        Self { shift, first, slots: slots.into(), bounds, crowded }
    }

    /// Gives the index of the first bound that is not below `value`; the number of bounds where none is.
    /// `value` is positive and finite.
    #[inline(always)]
    pub(crate) fn index(&self, value: f64) -> u32 {
        let cell = (value.to_bits() >> self.shift).saturating_sub(self.first) as usize;
        let cell = cell.min(self.slots.len().wrapping_sub(1));
        // `get` instead of indexing: the record path has no panic in it. Neither can fail.
        let Some(&low) = self.slots.get(cell) else { return 0 };
        let Some(&bound) = self.bounds.get(usize::from(low)) else { return 0 };
        if self.crowded {
            return self.index_crowded(value, usize::from(low));
        }
        u32::from(low) + u32::from(value > bound)
    }

    /// Finishes the search where a cell holds several bounds: bounds closer to each other than the
    /// finest table tells apart.
    fn index_crowded(&self, value: f64, low: usize) -> u32 {
        let rest = self.bounds.get(low..).unwrap_or_default();
        (low + rest.partition_point(|bound| *bound < value)) as u32
    }
}
