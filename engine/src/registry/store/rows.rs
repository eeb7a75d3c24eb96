//! Records: the series of a family side by side, in the order of their creation.
//!
//! A scrape walks the records of a family front to back and finds in each the rendered labels, the cell
//! range and the storage; a lookup compares with the same text. Pages are appended to, never moved, so
//! readers need no lock: the writer, under the family's mutex, publishes the length of a page after the
//! record is whole (O14). A removed record stays as a hole until the family moves its live records to new
//! pages.

use super::row::{ALIGN, NewRecord, RecordRef, size_of_record};
use crate::sync::{AtomicPtr, AtomicU64, AtomicUsize, Fault, Ordering, model_failed, unless_broken};
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;

/// Pages double up to this size; a record larger than that gets a page of its own.
const LARGEST_PAGE: usize = 64 * 1024;

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
        Layout::from_size_align(capacity, ALIGN).unwrap_or(Layout::new::<u64>())
    }

    /// Gives the record at `offset`, the start of a published record.
    fn record<'r>(&'r self, offset: usize) -> RecordRef<'r> {
        debug_assert!(offset < self.capacity);
        // SAFETY: the caller's offset is the start of a record, in bounds.
        let header = unsafe { self.memory.add(offset) };
        // SAFETY: of these pages, which live for 'r; written before anybody else is shown it.
        unsafe { RecordRef::from_raw(header.cast()) }
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
        // SAFETY: page_with_room left `size` bytes at the offset, aligned, and nobody reads them yet.
        unsafe { record.write(new) };
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
