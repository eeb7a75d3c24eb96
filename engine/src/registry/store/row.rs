//! One row: everything a scrape or lookup needs of a series, in one place.
//!
//! ```text
//! row = Header | end of each value: u32 .. | a="1",b="2"          (padded to 8 bytes)
//! ```

use super::rows::Rows;
use super::standing::Standing;
use super::storage::Storage;
use crate::cells::Range;
use crate::metric::CellHandle;
use crate::sync::{AtomicBool, AtomicU64, Ordering, Witness};
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

pub(super) const ALIGN: usize = align_of::<Header>();
/// Some value is escaped in the text, so its bytes are not the value's.
const ESCAPED: u8 = 1;
/// An overflow series: the family's limit does not count it.
const OVERFLOW: u8 = 2;
/// The last resort of overflow: no limit counts it.
const UNLIMITED: u8 = 4;
const _: () = assert!(cfg!(engine_loom) || size_of::<Header>() == 40);

/// What a row begins with.
#[derive(Debug)]
#[repr(C, align(8))]
struct Header {
    /// Read until `released`; see `release`.
    series: ManuallyDrop<Storage>,
    range: Range,
    text_len: u32,
    labels: u16,
    /// `ESCAPED`, `OVERFLOW` and `UNLIMITED`, in one byte: the header is what most of a family's memory is made of.
    flags: u8,
    /// The storage was taken out: nothing may read `series`, and the page does not drop it.
    released: AtomicBool,
    /// `LIVE` and the number of the series in its family, or the registry's number of its removal. Changed once, under
    /// the family's mutex.
    life: AtomicU64,
    witness: Witness,
}

/// Set in the word of a row's life while the series lives.
const LIVE: u64 = 1 << (u64::BITS - 1);

/// What a new row holds.
#[derive(Debug)]
pub(crate) struct NewRow<'a> {
    pub(crate) series: Storage,
    pub(crate) range: Range,
    /// The labels as `a="1",b="2"`, escaped.
    pub(crate) text: &'a [u8],
    /// The offset of the closing quote of each value.
    pub(crate) ends: &'a [u32],
    pub(crate) escaped: bool,
    /// What limits count it.
    pub(crate) standing: Standing,
    /// The number of the series in its family: it never comes again, and moves with the row.
    pub(crate) serial: u64,
}

/// A row of pages that live for `'r`: because a pin was taken before it was found, or because the
/// pages are held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowRef<'r> {
    header: NonNull<Header>,
    family: PhantomData<&'r Rows>,
}

pub(super) fn size_of_row(labels: usize, text_len: usize) -> usize {
    (size_of::<Header>() + 4 * labels + text_len).next_multiple_of(ALIGN)
}

// SAFETY: a row is immutable but for its atomics, and its storage is Send and Sync.
#[allow(unsafe_code, reason = "see SAFETY above")]
unsafe impl Send for RowRef<'_> {}
// SAFETY: as for Send.
#[allow(unsafe_code, reason = "see SAFETY above")]
unsafe impl Sync for RowRef<'_> {}

#[allow(unsafe_code, reason = "rows of varying length in pages")]
impl<'r> RowRef<'r> {
    /// Makes a reference from what [`as_raw`](Self::as_raw) returned.
    ///
    /// # Safety
    /// The row is alive for `'r`, and its publication happened before this call.
    #[inline(always)]
    pub(crate) unsafe fn from_raw(raw: NonNull<()>) -> Self {
        Self { header: raw.cast(), family: PhantomData }
    }

    /// Writes a new row to where this points.
    ///
    /// # Safety
    /// There is room for a row of its [size](size_of_row), aligned to [`ALIGN`], and nobody reads it yet.
    pub(super) unsafe fn write(self, new: NewRow<'_>) {
        let (labels, text_len) = (new.ends.len() as u16, new.text.len() as u32);
        let standing = match new.standing {
            Standing::Limited => 0,
            Standing::Overflow => OVERFLOW,
            Standing::LastResort => OVERFLOW | UNLIMITED,
        };
        let header = Header {
            series: ManuallyDrop::new(new.series),
            range: new.range,
            text_len,
            labels,
            flags: if new.escaped { ESCAPED } else { 0 } | standing,
            released: AtomicBool::new(false),
            life: AtomicU64::new(LIVE | new.serial),
            witness: Witness::new(),
        };
        // SAFETY: the caller's promise: room for the row, aligned, which nobody reads yet.
        unsafe { self.header.write(header) };
        let ends = self.ends_ptr();
        // SAFETY: in bounds of the row; the source is another allocation.
        unsafe { std::ptr::copy_nonoverlapping(new.ends.as_ptr(), ends.as_ptr(), new.ends.len()) };
        // SAFETY: in bounds of the row.
        let text = unsafe { ends.add(new.ends.len()) };
        // SAFETY: in bounds of the row; the source is another allocation.
        unsafe { std::ptr::copy_nonoverlapping(new.text.as_ptr(), text.as_ptr().cast(), new.text.len()) };
    }

    /// Returns a handle of the cells that counts nothing, valid as long as the row is; `None` of another storage.
    #[inline(always)]
    pub(crate) fn borrow_cells(self) -> Option<CellHandle> {
        Some(CellHandle::new(self.range(), ManuallyDrop::into_inner(self.series().borrow_cells()?)))
    }

    pub(crate) fn as_raw(self) -> NonNull<()> {
        self.header.cast()
    }

    #[inline(always)]
    fn header(self) -> &'r Header {
        // SAFETY: written before publication, never changed, alive for 'r.
        let header = unsafe { self.header.as_ref() };
        header.witness.check();
        header
    }

    #[inline(always)]
    pub(crate) fn range(self) -> Range {
        self.header().range
    }

    /// Returns the storage. It is there while the series is live, and after its removal until every pin that
    /// could have seen it live is gone.
    #[inline(always)]
    pub(crate) fn series(self) -> &'r Storage {
        // Relaxed (O19): a mistake that it misses is found by the next run.
        debug_assert!(!self.header().released.load(Ordering::Relaxed), "the storage was released");
        &self.header().series
    }

    /// Returns the number of the series in its family while it lives.
    #[inline]
    pub(crate) fn serial(self) -> Option<u64> {
        self.life().ok()
    }

    /// Returns whether the series was not removed.
    #[inline]
    pub(crate) fn is_live(self) -> bool {
        self.life().is_ok()
    }

    /// Returns the number of the series in its family, or, where it was removed, the registry's number of the removal.
    #[inline]
    pub(crate) fn life(self) -> Result<u64, u64> {
        // Acquire (O19): pairs with the Release in remove.
        let life = self.header().life.load(Ordering::Acquire);
        if life & LIVE != 0 { Ok(life & !LIVE) } else { Err(life) }
    }

    /// Returns whether the series lives, or was removed later than the removal `until`.
    #[inline(always)]
    pub(crate) fn lived_after(self, until: u64) -> bool {
        // Acquire (O19): pairs with the Release in remove. Of a living one the bit above all numbers of removals is
        // set.
        self.header().life.load(Ordering::Acquire) > until
    }

    /// Marks the series as removed. Under the family's mutex.
    pub(crate) fn remove(self, removal: u64) {
        debug_assert!(removal & LIVE == 0);
        // Release (O19): a walk that finds the row live took its pin before the reclaimer looks.
        self.header().life.store(removal, Ordering::Release);
    }

    /// Gives the storage up, once.
    ///
    /// # Safety
    /// The series was removed and every pin that could have seen it live is gone.
    pub(crate) unsafe fn release(self) -> Option<Storage> {
        let header = self.header();
        // Relaxed (O19): the flag is read again when the pages are dropped, which comes after.
        if header.released.swap(true, Ordering::Relaxed) {
            return None;
        }
        // SAFETY: read out once, as the swap shows; the page does not drop what is released, and by the
        // caller's promise nobody reads it any more.
        Some(unsafe { ManuallyDrop::into_inner(std::ptr::read(&raw const header.series)) })
    }

    #[inline(always)]
    pub(crate) fn is_escaped(self) -> bool {
        self.header().flags & ESCAPED != 0
    }

    /// Returns how many labels the series has.
    pub(crate) fn labels(self) -> usize {
        usize::from(self.header().labels)
    }

    /// Returns what limits count the series.
    pub(crate) fn standing(self) -> Standing {
        match self.header().flags {
            flags if flags & UNLIMITED != 0 => Standing::LastResort,
            flags if flags & OVERFLOW != 0 => Standing::Overflow,
            _ => Standing::Limited,
        }
    }

    /// Returns whether this is an overflow series.
    pub(crate) fn is_overflow(self) -> bool {
        self.standing().is_overflow()
    }

    fn ends_ptr(self) -> NonNull<u32> {
        // SAFETY: the ends follow the header in the same allocation.
        unsafe { self.header.add(1).cast() }
    }

    /// Returns the offset of the closing quote of value `index`, which is below the number of labels.
    #[inline(always)]
    pub(crate) fn end(self, index: usize) -> usize {
        debug_assert!(index < usize::from(self.header().labels));
        // SAFETY: `labels` ends follow the header, and callers stay below.
        let end = unsafe { self.ends_ptr().add(index) };
        // SAFETY: written before publication; u32s are aligned behind an 8-aligned header.
        (unsafe { end.read() }) as usize
    }

    /// Returns the escaped text of value `index`, whose label name has `name_len` bytes.
    #[inline(always)]
    pub(crate) fn value(self, index: usize, name_len: usize) -> &'r [u8] {
        // Before a value stand its name, `="`, and, but for the first label, the `",` after the one before.
        let start = if index == 0 { name_len + 2 } else { self.end(index - 1) + name_len + 4 };
        let end = self.end(index);
        debug_assert!(start <= end && end < self.text().len());
        // SAFETY: the ends were written with the text, in ascending order and inside it, each at least the
        // name and the punctuation behind the one before.
        unsafe { self.text().get_unchecked(start..end) }
    }

    /// Returns the rendered labels, without braces.
    #[inline(always)]
    pub(crate) fn text(self) -> &'r [u8] {
        let header = self.header();
        // SAFETY: the text follows the ends in the same allocation.
        let start = unsafe { self.ends_ptr().add(usize::from(header.labels)) };
        // SAFETY: text_len bytes were written before publication, and live for 'r.
        unsafe { std::slice::from_raw_parts(start.cast().as_ptr(), header.text_len as usize) }
    }

    /// Returns the escaped text of each value, in the order of the family's label names, which are `names`.
    pub(crate) fn values<'n>(self, names: &'n [Box<str>]) -> impl Iterator<Item = &'r str> + use<'r, 'n> {
        let mut next = 0;
        names.iter().enumerate().map(move |(index, name)| {
            let start = next + name.len() + 2;
            let end = self.end(index);
            // The closing quote and the comma.
            next = end + 2;
            let text = self.text().get(start..end).unwrap_or_default();
            std::str::from_utf8(text).unwrap_or_default()
        })
    }

    pub(super) fn size(self) -> usize {
        let header = self.header();
        size_of_row(usize::from(header.labels), header.text_len as usize)
    }
}
