//! Records: the series of a family side by side, in the order of their creation.
//!
//! A scrape walks the records of a family front to back and finds in each the rendered labels, the cell
//! range and the storage; a lookup compares with the same text. Pages are appended to, never moved, so
//! readers need no lock: the writer, under the family's mutex, publishes the length of a page after the
//! record is whole (O14). A removed record stays as a hole until the family moves its live records to new
//! pages.
//!
//! ```text
//! record = Header | end of each value: u32 .. | a="1",b="2"          (padded to 8 bytes)
//! ```

use super::SeriesRef;
use super::core::Standing;
use crate::cells::Range;
use crate::sync::{
    AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Fault, Ordering, Witness, model_failed, unless_broken,
};
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

/// Pages double up to this size; a record larger than that gets a page of its own.
const LARGEST_PAGE: usize = 64 * 1024;
const ALIGN: usize = align_of::<Header>();
/// Some value is escaped in the text, so its bytes are not the value's.
const ESCAPED: u8 = 1;
/// An overflow series: the family's limit does not count it.
const OVERFLOW: u8 = 2;
/// The last resort of overflow: no limit counts it.
const UNLIMITED: u8 = 4;
const _: () = assert!(cfg!(engine_loom) || size_of::<Header>() == 40);

/// What a record begins with.
#[derive(Debug)]
#[repr(C, align(8))]
struct Header {
    /// Read until `released`; see `release`.
    series: ManuallyDrop<SeriesRef>,
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

/// Set in the word of a record's life while the series lives.
const LIVE: u64 = 1 << (u64::BITS - 1);

/// What a new record holds.
#[derive(Debug)]
pub(crate) struct NewRecord<'a> {
    pub(crate) series: SeriesRef,
    pub(crate) range: Range,
    /// The labels as `a="1",b="2"`, escaped.
    pub(crate) text: &'a [u8],
    /// The offset of the closing quote of each value.
    pub(crate) ends: &'a [u32],
    pub(crate) escaped: bool,
    /// What limits count it.
    pub(crate) standing: Standing,
    /// The number of the series in its family: it never comes again, and moves with the record.
    pub(crate) serial: u64,
}

/// A record of pages that live for `'r`: because a pin was taken before it was found, or because the
/// pages are held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordRef<'r> {
    header: NonNull<Header>,
    family: PhantomData<&'r Records>,
}

fn size_of_record(labels: usize, text_len: usize) -> usize {
    (size_of::<Header>() + 4 * labels + text_len).next_multiple_of(ALIGN)
}

// SAFETY: a record is immutable but for its atomics, and its storage is Send and Sync.
#[allow(unsafe_code, reason = "see SAFETY above")]
unsafe impl Send for RecordRef<'_> {}
// SAFETY: as for Send.
#[allow(unsafe_code, reason = "see SAFETY above")]
unsafe impl Sync for RecordRef<'_> {}

#[allow(unsafe_code, reason = "records of varying length in pages")]
impl<'r> RecordRef<'r> {
    /// Makes a reference from what [`as_raw`](Self::as_raw) gave.
    ///
    /// # Safety
    /// The record is alive for `'r`, and its publication happened before this call.
    #[inline(always)]
    pub(crate) unsafe fn from_raw(raw: NonNull<()>) -> Self {
        Self { header: raw.cast(), family: PhantomData }
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

    /// Gives the storage. It is there while the series is live, and after its removal until every pin that
    /// could have seen it live is gone.
    #[inline(always)]
    pub(crate) fn series(self) -> &'r SeriesRef {
        // Relaxed (O19): a mistake that it misses is found by the next run.
        debug_assert!(!self.header().released.load(Ordering::Relaxed), "the storage was released");
        &self.header().series
    }

    /// Gives the number of the series in its family while it lives.
    #[inline]
    pub(crate) fn serial(self) -> Option<u64> {
        self.life().ok()
    }

    /// Tells whether the series was not removed.
    #[inline]
    pub(crate) fn is_live(self) -> bool {
        self.life().is_ok()
    }

    /// Gives the number of the series in its family, or, where it was removed, the registry's number of the removal.
    #[inline]
    pub(crate) fn life(self) -> Result<u64, u64> {
        // Acquire (O19): pairs with the Release in remove.
        let life = self.header().life.load(Ordering::Acquire);
        if life & LIVE != 0 { Ok(life & !LIVE) } else { Err(life) }
    }

    /// Tells whether the series lives, or was removed later than the removal `until`.
    #[inline(always)]
    pub(crate) fn lived_after(self, until: u64) -> bool {
        // Acquire (O19): pairs with the Release in remove. Of a living one the bit above all numbers of removals is set.
        self.header().life.load(Ordering::Acquire) > until
    }

    /// Marks the series as removed. Under the family's mutex.
    pub(crate) fn remove(self, removal: u64) {
        debug_assert!(removal & LIVE == 0);
        // Release (O19): a walk that finds the record live took its pin before the reclaimer looks.
        self.header().life.store(removal, Ordering::Release);
    }

    /// Gives the storage up, once.
    ///
    /// # Safety
    /// The series was removed and every pin that could have seen it live is gone.
    pub(crate) unsafe fn release(self) -> Option<SeriesRef> {
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

    /// Gives how many labels the series has.
    pub(crate) fn labels(self) -> usize {
        usize::from(self.header().labels)
    }

    /// Gives what limits count the series.
    pub(crate) fn standing(self) -> Standing {
        match self.header().flags {
            flags if flags & UNLIMITED != 0 => Standing::LastResort,
            flags if flags & OVERFLOW != 0 => Standing::Overflow,
            _ => Standing::Limited,
        }
    }

    /// Tells whether this is an overflow series.
    pub(crate) fn is_overflow(self) -> bool {
        self.standing() != Standing::Limited
    }

    fn ends_ptr(self) -> NonNull<u32> {
        // SAFETY: the ends follow the header in the same allocation.
        unsafe { self.header.add(1).cast() }
    }

    /// Gives the offset of the closing quote of value `index`, which is below the number of labels.
    #[inline(always)]
    pub(crate) fn end(self, index: usize) -> usize {
        debug_assert!(index < usize::from(self.header().labels));
        // SAFETY: `labels` ends follow the header, and callers stay below.
        let end = unsafe { self.ends_ptr().add(index) };
        // SAFETY: written before publication; u32s are aligned behind an 8-aligned header.
        (unsafe { end.read() }) as usize
    }

    /// Gives the escaped text of value `index`, whose label name has `name_len` bytes.
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

    /// Gives the rendered labels, without braces.
    #[inline(always)]
    pub(crate) fn text(self) -> &'r [u8] {
        let header = self.header();
        // SAFETY: the text follows the ends in the same allocation.
        let start = unsafe { self.ends_ptr().add(usize::from(header.labels)) };
        // SAFETY: text_len bytes were written before publication, and live for 'r.
        unsafe { std::slice::from_raw_parts(start.cast().as_ptr(), header.text_len as usize) }
    }

    /// Gives the escaped text of each value, in the order of the family's label names, which are `names`.
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

    fn size(self) -> usize {
        let header = self.header();
        size_of_record(usize::from(header.labels), header.text_len as usize)
    }
}

/// A block of memory that records are appended to.
#[derive(Debug)]
struct Page {
    memory: NonNull<u8>,
    capacity: usize,
    /// Bytes of whole records. Written under the family's mutex, read by scrapes.
    published: AtomicUsize,
    /// The next page, or null. Written once under the family's mutex.
    next: AtomicPtr<Page>,
}

#[allow(unsafe_code, reason = "records of varying length in pages")]
impl Page {
    fn allocate(capacity: usize) -> Box<Self> {
        let layout = Self::layout(capacity);
        // SAFETY: the layout is not empty: a record has a header.
        let memory = unsafe { alloc(layout) };
        let Some(memory) = NonNull::new(memory) else { handle_alloc_error(layout) };
        Box::new(Self { memory, capacity, published: AtomicUsize::new(0), next: AtomicPtr::new(std::ptr::null_mut()) })
    }

    fn layout(capacity: usize) -> Layout {
        Layout::from_size_align(capacity, ALIGN).unwrap_or(Layout::new::<Header>())
    }

    /// Gives the record at `offset`, the start of a published record.
    fn record<'r>(&'r self, offset: usize) -> RecordRef<'r> {
        debug_assert!(offset < self.capacity);
        // SAFETY: the caller's offset is the start of a record, in bounds.
        let header = unsafe { self.memory.add(offset) };
        RecordRef { header: header.cast(), family: PhantomData }
    }

    /// Gives the bytes of whole records.
    fn len(&self) -> usize {
        // Acquire (O14): pairs with the Release in push; records up to here are whole.
        self.published.load(Ordering::Acquire)
    }

    /// Gives the records in so many bytes, which are published.
    fn records(&self, end: usize) -> impl Iterator<Item = RecordRef<'_>> {
        let mut offset = 0;
        std::iter::from_fn(move || {
            if offset >= end {
                return None;
            }
            let record = self.record(offset);
            offset += record.size();
            Some(record)
        })
    }
}

#[allow(unsafe_code, reason = "the page owns the records in it")]
impl Drop for Page {
    fn drop(&mut self) {
        if model_failed() {
            return;
        }
        for record in self.records(self.len()) {
            // SAFETY: nothing borrows from a page that is dropped, so nobody reads the storage any more.
            drop(unsafe { record.release() });
        }
        // SAFETY: allocated with this layout.
        unsafe { dealloc(self.memory.as_ptr(), Self::layout(self.capacity)) };
    }
}

/// The records of one family: read without a lock.
#[derive(Debug)]
pub(crate) struct Records {
    head: AtomicPtr<Page>,
    /// The last page, or null. Written under the family's mutex.
    tail: AtomicPtr<Page>,
    /// The number of the newest series that is published, or about to be. Written under the family's mutex.
    newest: AtomicU64,
}

/// The writer's end, kept under the family's mutex.
#[derive(Debug)]
pub(crate) struct RecordsWriter {
    tail: *const Page,
    /// Bytes of whole records in the tail, published or not.
    written: usize,
}

// SAFETY: a Page is an atomic length, an atomic pointer and memory that is written before it is
// published; the storage in its records is Send and Sync.
#[allow(unsafe_code, reason = "see SAFETY above")]
unsafe impl Send for RecordsWriter {}

#[allow(unsafe_code, reason = "records of varying length in pages")]
impl Records {
    pub(crate) fn new() -> (Self, RecordsWriter) {
        let null = std::ptr::null_mut();
        let records = Self { head: AtomicPtr::new(null), tail: AtomicPtr::new(null), newest: AtomicU64::new(0) };
        (records, RecordsWriter { tail: std::ptr::null(), written: 0 })
    }

    /// Appends a record, which walks do not meet before [`publish`](Self::publish). `writer` is this family's,
    /// under its mutex.
    pub(crate) fn append(&self, writer: &mut RecordsWriter, new: NewRecord<'_>) -> RecordRef<'_> {
        let size = size_of_record(new.ends.len(), new.text.len());
        let page = self.page_with_room(writer, size);
        let record = page.record(writer.written);
        writer.written += size;
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
        // SAFETY: page_with_room left `size` bytes at the offset, aligned, and nobody reads them yet.
        unsafe { record.header.write(header) };
        let ends = record.ends_ptr();
        // SAFETY: in bounds of `size`; the source is another allocation.
        unsafe { std::ptr::copy_nonoverlapping(new.ends.as_ptr(), ends.as_ptr(), new.ends.len()) };
        // SAFETY: in bounds of `size`.
        let text = unsafe { ends.add(new.ends.len()) };
        // SAFETY: in bounds of `size`; the source is another allocation.
        unsafe { std::ptr::copy_nonoverlapping(new.text.as_ptr(), text.as_ptr().cast(), new.text.len()) };
        record
    }

    /// Lets walks meet what was appended, whose last series has this number. After the records can be looked up, so
    /// that a walk which meets a series finds it living.
    pub(crate) fn publish(&self, writer: &RecordsWriter, newest: u64) {
        // SAFETY: null, or a page of this family, which are freed only with it.
        let Some(page) = (unsafe { writer.tail.as_ref() }) else { return };
        // Release (O14): before the length, so that a series that a walk meets is not above the number it reads then.
        self.newest.store(newest, Ordering::Release);
        // Release (O14): pairs with the Acquire in Page::len.
        page.published.store(writer.written, unless_broken(Fault::RecordPublishedRelaxed, Ordering::Release));
    }

    fn page_with_room(&self, writer: &mut RecordsWriter, size: usize) -> &Page {
        // SAFETY: null, or a page of this family, which are freed only with it.
        let tail = unsafe { writer.tail.as_ref() };
        if let Some(page) = tail
            && page.capacity - writer.written >= size
        {
            return page;
        }
        let wanted = tail.map_or(0, |page| (page.capacity * 2).min(LARGEST_PAGE));
        let fresh = Box::into_raw(Page::allocate(size.max(wanted)));
        // Release (O14): pairs with the Acquire of iter.
        tail.map_or(&self.head, |page| &page.next).store(fresh, Ordering::Release);
        // Release (O14): pairs with the Acquire of end; after the link, so that a walk to this end arrives there.
        self.tail.store(fresh, Ordering::Release);
        *writer = RecordsWriter { tail: fresh, written: 0 };
        // SAFETY: just made; freed only with the family.
        unsafe { &*fresh }
    }

    fn pages(&self) -> impl Iterator<Item = &Page> {
        let mut next = &self.head;
        std::iter::from_fn(move || {
            // Acquire (O14): pairs with the Release of page_with_room.
            let page = next.load(Ordering::Acquire);
            // SAFETY: null, or a page of this family, which are freed only with it.
            let page = unsafe { page.as_ref() }?;
            next = &page.next;
            Some(page)
        })
    }

    /// Gives a number that no series of what was [published](Self::end) before is above.
    pub(crate) fn newest(&self) -> u64 {
        // Acquire (O14): after the length, whose Acquire brings the number of its last series.
        self.newest.load(Ordering::Acquire)
    }

    /// Gives the end of what is published now.
    pub(crate) fn end(&self) -> End<'_> {
        // Acquire (O14): pairs with the Release of page_with_room.
        let tail = self.tail.load(Ordering::Acquire);
        // SAFETY: null, or a page of this family, which are freed only with it.
        End(unsafe { tail.as_ref() }.map(|page| (page, page.len())))
    }

    /// Gives each page with the bytes of whole records in it, up to an end.
    fn pages_until<'r>(&'r self, end: End<'r>) -> impl Iterator<Item = (&'r Page, usize)> {
        let mut is_over = end.0.is_none();
        self.pages().map_while(move |page| match end.0 {
            _ if is_over => None,
            Some((tail, len)) if std::ptr::eq(tail, page) => {
                is_over = true;
                Some((page, len))
            }
            _ => Some((page, page.len())),
        })
    }

    /// Shows the records up to an end, in the order of their creation, removed ones too. Two plain loops: an iterator over
    /// both costs a scrape a nanosecond a series.
    #[inline]
    pub(crate) fn each_until<'r>(&'r self, end: End<'r>, mut show: impl FnMut(RecordRef<'r>)) {
        for (page, len) in self.pages_until(end) {
            let mut offset = 0;
            while offset < len {
                let record = page.record(offset);
                offset += record.size();
                show(record);
            }
        }
    }

    /// Gives the records that are published now, in the order of their creation, removed ones too.
    pub(crate) fn iter(&self) -> impl Iterator<Item = RecordRef<'_>> {
        self.pages_until(self.end()).flat_map(|(page, len)| page.records(len))
    }

    /// Gives the series that live, of those that are published now.
    pub(crate) fn live(&self) -> impl Iterator<Item = RecordRef<'_>> {
        self.iter().filter(|record| record.is_live())
    }
}

/// Where the records of a family ended at some moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End<'r>(Option<(&'r Page, usize)>);

#[allow(unsafe_code, reason = "frees the pages")]
impl Drop for Records {
    fn drop(&mut self) {
        if model_failed() {
            return;
        }
        // Acquire (O14): the pages may have been made by other threads.
        let mut next = self.head.load(Ordering::Acquire);
        while let Some(page) = NonNull::new(next) {
            // SAFETY: made by Box::into_raw, and freed once: the family is gone.
            let page = unsafe { Box::from_raw(page.as_ptr()) };
            // Acquire (O14): as above.
            next = page.next.load(Ordering::Acquire);
        }
    }
}

// SAFETY: as for RecordsWriter.
#[allow(unsafe_code, reason = "see SAFETY above")]
unsafe impl Send for Page {}
// SAFETY: as for RecordsWriter.
#[allow(unsafe_code, reason = "see SAFETY above")]
unsafe impl Sync for Page {}
