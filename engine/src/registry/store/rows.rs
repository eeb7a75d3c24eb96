//! Rows: the series of a family side by side, in the order of their creation.
//!
//! A scrape walks the rows of a family front to back and finds in each the rendered labels, the cell
//! range and the storage; a lookup compares with the same text. Pages are appended to, never moved, so
//! readers need no lock: the writer, under the family's mutex, publishes the length of a page after the
//! row is whole (O14). A removed row stays as a hole until the family moves its live rows to new
//! pages.

use super::row::{ALIGN, NewRow, RowRef, size_of_row};
use crate::sync::{AtomicPtr, AtomicU64, AtomicUsize, Fault, Ordering, model_failed, unless_broken};
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;

/// Pages double up to this size; a row larger than that gets a page of its own.
const LARGEST_PAGE: usize = 64 * 1024;

/// A block of memory that rows are appended to.
#[derive(Debug)]
struct Page {
    memory: NonNull<u8>,
    capacity: usize,
    /// Bytes of whole rows. Written under the family's mutex, read by scrapes.
    published: AtomicUsize,
    /// The next page, or null. Written once under the family's mutex.
    next: AtomicPtr<Page>,
}

#[allow(unsafe_code, reason = "rows of varying length in pages")]
impl Page {
    fn allocate(capacity: usize) -> Box<Self> {
        let layout = Self::layout(capacity);
        // SAFETY: the layout is not empty: a row has a header.
        let memory = unsafe { alloc(layout) };
        let Some(memory) = NonNull::new(memory) else { handle_alloc_error(layout) };
        Box::new(Self { memory, capacity, published: AtomicUsize::new(0), next: AtomicPtr::new(std::ptr::null_mut()) })
    }

    fn layout(capacity: usize) -> Layout {
        Layout::from_size_align(capacity, ALIGN).unwrap_or(Layout::new::<u64>())
    }

    /// Returns the row at `offset`, the start of a published row.
    fn row<'r>(&'r self, offset: usize) -> RowRef<'r> {
        debug_assert!(offset < self.capacity);
        // SAFETY: the caller's offset is the start of a row, in bounds.
        let header = unsafe { self.memory.add(offset) };
        // SAFETY: of these pages, which live for 'r; written before anybody else is shown it.
        unsafe { RowRef::from_raw(header.cast()) }
    }

    /// Returns the bytes of whole rows.
    fn len(&self) -> usize {
        // Acquire (O14): pairs with the Release in push; rows up to here are whole.
        self.published.load(Ordering::Acquire)
    }

    /// Returns the rows in so many bytes, which are published.
    fn rows(&self, end: usize) -> impl Iterator<Item = RowRef<'_>> {
        let mut offset = 0;
        std::iter::from_fn(move || {
            if offset >= end {
                return None;
            }
            let row = self.row(offset);
            offset += row.size();
            Some(row)
        })
    }
}

#[allow(unsafe_code, reason = "the page owns the rows in it")]
impl Drop for Page {
    fn drop(&mut self) {
        if model_failed() {
            return;
        }
        for row in self.rows(self.len()) {
            // SAFETY: nothing borrows from a page that is dropped, so nobody reads the storage any more.
            drop(unsafe { row.release() });
        }
        // SAFETY: allocated with this layout.
        unsafe { dealloc(self.memory.as_ptr(), Self::layout(self.capacity)) };
    }
}

/// The rows of one family: read without a lock.
#[derive(Debug)]
pub(crate) struct Rows {
    head: AtomicPtr<Page>,
    /// The last page, or null. Written under the family's mutex.
    tail: AtomicPtr<Page>,
    /// The number of the newest series that is published, or about to be. Written under the family's mutex.
    newest: AtomicU64,
}

/// The writer's end, kept under the family's mutex.
#[derive(Debug)]
pub(crate) struct RowsWriter {
    tail: *const Page,
    /// Bytes of whole rows in the tail, published or not.
    written: usize,
}

// SAFETY: a Page is an atomic length, an atomic pointer and memory that is written before it is
// published; the storage in its rows is Send and Sync.
#[allow(unsafe_code, reason = "see SAFETY above")]
unsafe impl Send for RowsWriter {}

#[allow(unsafe_code, reason = "rows of varying length in pages")]
impl Rows {
    pub(crate) fn new() -> (Self, RowsWriter) {
        let null = std::ptr::null_mut();
        let rows = Self { head: AtomicPtr::new(null), tail: AtomicPtr::new(null), newest: AtomicU64::new(0) };
        (rows, RowsWriter { tail: std::ptr::null(), written: 0 })
    }

    /// Appends a row, which walks do not meet before [`publish`](Self::publish). `writer` is this family's,
    /// under its mutex.
    pub(crate) fn append(&self, writer: &mut RowsWriter, new: NewRow<'_>) -> RowRef<'_> {
        let size = size_of_row(new.ends.len(), new.text.len());
        let page = self.page_with_room(writer, size);
        let row = page.row(writer.written);
        writer.written += size;
        // SAFETY: page_with_room left `size` bytes at the offset, aligned, and nobody reads them yet.
        unsafe { row.write(new) };
        row
    }

    /// Lets walks meet what was appended, whose last series has this number. After the rows can be looked up, so
    /// that a walk which meets a series finds it living.
    pub(crate) fn publish(&self, writer: &RowsWriter, newest: u64) {
        // SAFETY: null, or a page of these rows, which are freed only with them.
        let Some(page) = (unsafe { writer.tail.as_ref() }) else { return };
        // Release (O14): before the length, so that a series that a walk meets is not above the number it reads then.
        self.newest.store(newest, Ordering::Release);
        // Release (O14): pairs with the Acquire in Page::len.
        page.published.store(writer.written, unless_broken(Fault::RecordPublishedRelaxed, Ordering::Release));
    }

    fn page_with_room(&self, writer: &mut RowsWriter, size: usize) -> &Page {
        // SAFETY: null, or a page of these rows, which are freed only with them.
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
        *writer = RowsWriter { tail: fresh, written: 0 };
        // SAFETY: just made; freed only with these rows.
        unsafe { &*fresh }
    }

    fn pages(&self) -> impl Iterator<Item = &Page> {
        let mut next = &self.head;
        std::iter::from_fn(move || {
            // Acquire (O14): pairs with the Release of page_with_room.
            let page = next.load(Ordering::Acquire);
            // SAFETY: null, or a page of these rows, which are freed only with them.
            let page = unsafe { page.as_ref() }?;
            next = &page.next;
            Some(page)
        })
    }

    /// Returns a number that no series of what was [published](Self::end) before is above.
    pub(crate) fn newest(&self) -> u64 {
        // Acquire (O14): after the length, whose Acquire brings the number of its last series.
        self.newest.load(Ordering::Acquire)
    }

    /// Returns the end of what is published now.
    pub(crate) fn end(&self) -> End<'_> {
        // Acquire (O14): pairs with the Release of page_with_room.
        let tail = self.tail.load(Ordering::Acquire);
        // SAFETY: null, or a page of these rows, which are freed only with them.
        End(unsafe { tail.as_ref() }.map(|page| (page, page.len())))
    }

    /// Returns each page with the bytes of whole rows in it, up to an end.
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

    /// Shows the rows up to an end, in the order of their creation, removed ones too. Two plain loops: an iterator over
    /// both costs a scrape a nanosecond a series.
    #[inline]
    pub(crate) fn each_until<'r>(&'r self, end: End<'r>, mut show: impl FnMut(RowRef<'r>)) {
        for (page, len) in self.pages_until(end) {
            let mut offset = 0;
            while offset < len {
                let row = page.row(offset);
                offset += row.size();
                show(row);
            }
        }
    }

    /// Returns the rows that are published now, in the order of their creation, removed ones too.
    pub(crate) fn iter(&self) -> impl Iterator<Item = RowRef<'_>> {
        self.pages_until(self.end()).flat_map(|(page, len)| page.rows(len))
    }

    /// Returns the series that live, of those that are published now.
    pub(crate) fn live(&self) -> impl Iterator<Item = RowRef<'_>> {
        self.iter().filter(|row| row.is_live())
    }
}

/// Where the rows of a family ended at some moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End<'r>(Option<(&'r Page, usize)>);

#[allow(unsafe_code, reason = "frees the pages")]
impl Drop for Rows {
    fn drop(&mut self) {
        if model_failed() {
            return;
        }
        // Acquire (O14): the pages may have been made by other threads.
        let mut next = self.head.load(Ordering::Acquire);
        while let Some(page) = NonNull::new(next) {
            // SAFETY: made by Box::into_raw, and freed once: the last share of these rows is gone.
            let page = unsafe { Box::from_raw(page.as_ptr()) };
            // Acquire (O14): as above.
            next = page.next.load(Ordering::Acquire);
        }
    }
}

// SAFETY: as for RowsWriter.
#[allow(unsafe_code, reason = "see SAFETY above")]
unsafe impl Send for Page {}
// SAFETY: as for RowsWriter.
#[allow(unsafe_code, reason = "see SAFETY above")]
unsafe impl Sync for Page {}
