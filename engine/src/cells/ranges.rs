//! Cell ranges: which cells a series owns, the same in every slab.

use super::arena::{Arena, arena};
use super::chunk::{CHUNK_CELLS, DIRECTORY_CHUNKS};
use crate::sync::Ordering;

/// The place of a series' cells: `chunk` and `offset` are the same in every slab, and the range never
/// straddles a chunk.
///
/// The chunk in the low half and the offset in the high half of one word: a handle is read with one load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range(u64);

impl Range {
    /// Cells that nobody reads, for the counters of noop handles.
    pub(crate) const SCRATCH: Self = Self::new(0, 0);

    pub(crate) const fn new(chunk: u32, offset: u32) -> Self {
        Self((offset as u64) << 32 | chunk as u64)
    }

    #[inline(always)]
    pub(crate) const fn chunk(self) -> u32 {
        self.0 as u32
    }

    #[inline(always)]
    pub(crate) const fn offset(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// Returns whether the range is scratch: not owned, not read, not given back.
    pub(crate) fn is_scratch(self) -> bool {
        is_scratch_chunk(self.chunk())
    }
}

/// A range in four bytes, for the storage of series; handles keep it unpacked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PackedRange(u32);

impl PackedRange {
    pub(crate) fn new(range: Range) -> Self {
        const { assert!(CHUNK_CELLS * DIRECTORY_CHUNKS <= 1 << 24) };
        Self(range.chunk() * CHUNK_CELLS as u32 + range.offset())
    }

    pub(crate) fn unpack(self) -> Range {
        Range::new(self.0 / CHUNK_CELLS as u32, self.0 % CHUNK_CELLS as u32)
    }
}

/// Returns whether a chunk holds scratch ranges: cells that nobody reads.
pub(crate) fn is_scratch_chunk(chunk: u32) -> bool {
    chunk < SCRATCH_CHUNKS
}

/// Chunk 0 holds the scratch range.
const SCRATCH_CHUNKS: u32 = 1;

/// What the ranges of a chunk look like. A chunk serves one class for ever, so that folding knows which
/// cells hold f64 sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Class {
    /// Cells in a range.
    len: usize,
    /// The first cell of each range is an f64 sum.
    sum_first: bool,
}

impl Class {
    /// Returns whether the cell at `offset` of a chunk holds an f64 sum.
    pub(crate) fn is_sum(self, offset: usize) -> bool {
        self.sum_first && offset.is_multiple_of(self.len)
    }
}

const fn counters(len: usize) -> Class {
    Class { len, sum_first: false }
}

const fn histogram(len: usize) -> Class {
    Class { len, sum_first: true }
}

/// One and two cells for counters; for histograms sizes that waste at most a third, from eight cells
/// on whole cache lines.
#[cfg(not(engine_loom))]
const CLASSES: [Class; 20] = [
    counters(1),
    counters(2),
    histogram(2),
    histogram(4),
    histogram(8),
    histogram(16),
    histogram(24),
    histogram(32),
    histogram(48),
    histogram(64),
    histogram(96),
    histogram(128),
    histogram(192),
    histogram(256),
    histogram(384),
    histogram(512),
    histogram(768),
    histogram(1024),
    histogram(1536),
    histogram(2048),
];
#[cfg(engine_loom)]
const CLASSES: [Class; 4] = [counters(1), counters(2), histogram(4), histogram(8)];

/// Returns the class of a chunk that holds a range.
pub(crate) fn class_of_chunk(arena: &Arena, chunk: u32) -> Class {
    // Relaxed (O30): written before any range of the chunk was handed out; whoever reads a cell of the
    // chunk has got there through that range's publication.
    match arena.chunk_classes[chunk as usize].load(Ordering::Relaxed) {
        0 => counters(1),
        class => CLASSES[usize::from(class) - 1],
    }
}

/// All 16.7 million cells are owned by series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutOfCells;

/// Hands out ranges: the open chunk of a class first, then ranges that were given back.
#[derive(Debug)]
pub(crate) struct RangeAllocator {
    free: [Vec<Range>; CLASSES.len()],
    /// The next unused range of the class's newest chunk.
    open: [Option<Range>; CLASSES.len()],
    next_chunk: u32,
    /// Ranges given back by series that are gone, not zeroed yet.
    dirty: Vec<Range>,
}

impl RangeAllocator {
    pub(crate) const fn new() -> Self {
        Self {
            free: [const { Vec::new() }; CLASSES.len()],
            open: [None; CLASSES.len()],
            next_chunk: SCRATCH_CHUNKS,
            dirty: Vec::new(),
        }
    }

    fn allocate(&mut self, arena: &Arena, class: usize) -> Result<Range, OutOfCells> {
        if let Some(range) = self.free[class].pop() {
            return Ok(range);
        }
        let len = CLASSES[class].len;
        let range = match self.open[class] {
            Some(range) => range,
            None if (self.next_chunk as usize) < DIRECTORY_CHUNKS => {
                let chunk = self.next_chunk;
                self.next_chunk += 1;
                // Relaxed (O30): see class_of_chunk.
                arena.chunk_classes[chunk as usize].store(class as u8 + 1, Ordering::Relaxed);
                Range::new(chunk, 0)
            }
            None => return Err(OutOfCells),
        };
        let next = range.offset() as usize + len;
        self.open[class] = (next + len <= CHUNK_CELLS).then_some(Range::new(range.chunk(), next as u32));
        Ok(range)
    }

    /// Chunks that hold ranges of series.
    pub(crate) fn used_chunks(&self) -> std::ops::Range<u32> {
        SCRATCH_CHUNKS..self.next_chunk
    }

    /// Ranges that wait to be zeroed.
    pub(crate) fn dirty(&self) -> usize {
        self.dirty.len()
    }

    pub(crate) fn take_dirty(&mut self) -> Vec<Range> {
        std::mem::take(&mut self.dirty)
    }

    /// Puts zeroed ranges back on the free lists of their classes.
    pub(crate) fn put_back(&mut self, arena: &Arena, ranges: &[Range]) {
        for range in ranges {
            // Relaxed (O30): see class_of_chunk.
            let class = arena.chunk_classes[range.chunk() as usize].load(Ordering::Relaxed);
            if let Some(class) = usize::from(class).checked_sub(1) {
                self.free[class].push(*range);
            }
        }
    }
}

/// Allocates a range of at least `cells` cells; `sum_first` where the first is an f64 sum.
///
/// # Errors
/// Where no chunk is left, or `cells` is more than a chunk holds.
pub(crate) fn allocate(cells: usize, sum_first: bool) -> Result<Range, OutOfCells> {
    let class =
        CLASSES.iter().position(|class| class.sum_first == sum_first && class.len >= cells).ok_or(OutOfCells)?;
    let arena = arena();
    arena.ranges.lock().allocate(arena, class)
}

/// Gives back the range of a series that nothing can reach any more, to be zeroed.
pub(crate) fn give_back(range: Range) {
    arena().ranges.lock().dirty.push(range);
}

/// Returns the cells of a range that belong to it by its class.
pub(crate) fn len_of(arena: &Arena, range: Range) -> usize {
    class_of_chunk(arena, range.chunk()).len
}
