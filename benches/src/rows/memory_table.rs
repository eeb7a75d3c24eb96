//! What the series of a family take, by how many they are and how many threads touch them, beside what
//! `docs/MEMORY.md` says they should.

use std::hint::black_box;
use std::io;
use std::sync::Barrier;
use std::thread::{self, ScopedJoinHandle};

use super::child::{self, resident_bytes, trim};
use super::series::{Series, rendered_bytes};
use crate::runner::{Outcome, Role, Samples};
use crate::sides::ours_memory::{Kind, Population};

/// When the resident set is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The threads live.
    Live,
    /// They have ended, and a scrape has come since.
    Ended,
    /// The threads live, the series were removed, and two scrapes have come since.
    Removed,
}

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What the figures count.
    pub unit: &'static str,
    /// What the family is made of.
    pub kind: Kind,
    /// Its series.
    pub series: u64,
    /// Threads that record in each of them.
    pub threads: u32,
    /// When it is measured.
    pub when: When,
    /// The allocator first has to give back what it keeps of what was freed.
    pub trimmed: bool,
}

const fn live(unit: &'static str, kind: Kind, series: u64, threads: u32) -> Case {
    Case { unit, kind, series, threads, when: When::Live, trimmed: false }
}

const fn ended(unit: &'static str, threads: u32, trimmed: bool) -> Case {
    Case { unit, kind: Kind::Counter, series: 10_000, threads, when: When::Ended, trimmed }
}

const fn removed(unit: &'static str, threads: u32, trimmed: bool) -> Case {
    Case { unit, kind: Kind::Counter, series: 100_000, threads, when: When::Removed, trimmed }
}

/// The lines of the table.
pub const CASES: [Case; 28] = [
    live("bytes/series, 1,000 counters", Kind::Counter, 1_000, 1),
    live("bytes/series, 1,000 counters", Kind::Counter, 1_000, 2),
    live("bytes/series, 1,000 counters", Kind::Counter, 1_000, 8),
    live("bytes/series, 10,000 counters", Kind::Counter, 10_000, 1),
    live("bytes/series, 10,000 counters", Kind::Counter, 10_000, 2),
    live("bytes/series, 10,000 counters", Kind::Counter, 10_000, 8),
    live("bytes/series, 100,000 counters", Kind::Counter, 100_000, 1),
    live("bytes/series, 100,000 counters", Kind::Counter, 100_000, 2),
    live("bytes/series, 100,000 counters", Kind::Counter, 100_000, 8),
    live("bytes/series, 1,000,000 counters", Kind::Counter, 1_000_000, 1),
    live("bytes/series, 1,000,000 counters", Kind::Counter, 1_000_000, 2),
    live("bytes/series, 1,000,000 counters", Kind::Counter, 1_000_000, 8),
    live("bytes/series, 10,000 counters", Kind::Counter, 10_000, 1_000),
    live("bytes/series, 1,000 histograms", Kind::Histogram, 1_000, 1),
    live("bytes/series, 1,000 histograms", Kind::Histogram, 1_000, 8),
    live("bytes/series, 10,000 histograms", Kind::Histogram, 10_000, 1),
    live("bytes/series, 10,000 histograms", Kind::Histogram, 10_000, 8),
    live("bytes/series, 100,000 histograms", Kind::Histogram, 100_000, 1),
    live("bytes/series, 100,000 histograms", Kind::Histogram, 100_000, 8),
    live("bytes/series, 10,000 gauges", Kind::Gauge, 10_000, 1),
    ended("bytes/series, 10,000 counters, threads ended", 8, false),
    ended("bytes/series, 10,000 counters, threads ended, trimmed", 8, true),
    ended("bytes/series, 10,000 counters, threads ended", 1_000, false),
    ended("bytes/series, 10,000 counters, threads ended, trimmed", 1_000, true),
    removed("bytes/series, 100,000 counters, removed", 1, false),
    removed("bytes/series, 100,000 counters, removed, trimmed", 1, true),
    removed("bytes/series, 100,000 counters, removed", 8, false),
    removed("bytes/series, 100,000 counters, removed, trimmed", 8, true),
];

/// Bytes a series, label text and all, each case in a child process.
///
/// # Errors
/// If a child cannot be started, or reports no number.
pub fn memory_table() -> io::Result<Vec<Outcome>> {
    let line = |(index, case): (usize, Case)| {
        let numbers = child::numbers(&["--table-child", &index.to_string()])?;
        let mut measured = Samples::new("streamgauge", Role::Ours);
        measured.push(numbers.first().copied().unwrap_or(f64::NAN));
        let mut formula = Samples::new("formula", Role::Limit);
        formula.push(case.formula() / case.series as f64);
        Ok(Outcome::of("memory_table", case.threads, case.unit, vec![measured, formula]))
    };
    CASES.into_iter().enumerate().map(line).collect()
}

/// The child's part.
///
/// # Errors
/// If there is no such case, or the system does not tell its resident set.
pub fn memory_table_child(index: usize) -> io::Result<f64> {
    let case = CASES.get(index).ok_or_else(|| io::Error::other(format!("there is no case {index}")))?;
    case.measure()
}

/// What `docs/MEMORY.md` derives from the code; sizes of allocations are those of glibc's, 16 bytes apart.
mod size {
    /// Of a row, before its ends and its text.
    pub(super) const HEADER: u64 = 40;
    /// Where a value ends in the text.
    pub(super) const END: u64 = 4;
    /// A slot of the lookup table.
    pub(super) const SLOT: u64 = 16;
    /// The storage of what has cells, allocated: 40 bytes.
    pub(super) const SERIES: u64 = 48;
    /// The storage of a gauge, allocated: 128 bytes on a boundary of 64, which take twice as much.
    pub(super) const GAUGE: u64 = 256;
    /// A cell range in the list of those that may be used again, which doubles.
    pub(super) const FREE: u64 = 8;
    /// Cells of a chunk.
    pub(super) const CELLS: u64 = 2048;
    /// What is touched of the chunks of so many cells side by side: pages.
    pub(super) fn chunks(cells: u64) -> u64 {
        (8 * cells).next_multiple_of(4096)
    }

    /// What is touched of a slab: two lines of 128 bytes, and the pointers to its chunks behind them.
    pub(super) fn slab(chunks: u64) -> u64 {
        (2 * 128 + 8 * chunks).next_multiple_of(4096)
    }
}

impl Case {
    /// Bytes of the family.
    pub fn formula(&self) -> f64 {
        let storage = if self.kind == Kind::Gauge { size::GAUGE } else { size::SERIES };
        let mut shared = size::SLOT * slots(self.series);
        Series::in_one_family(self.series).each(|values| {
            let record = size::HEADER + values.len() as u64 * size::END + rendered_bytes(values);
            shared += record.next_multiple_of(8) + storage;
        });
        let cells = match self.kind {
            Kind::Counter => 1,
            Kind::Histogram => 16,
            Kind::Gauge => 0,
        };
        let count = (cells * self.series).div_ceil(size::CELLS);
        let (slab, chunks) = (size::slab(count), size::chunks(cells * self.series));
        let threads = u64::from(self.threads);
        let idle = threads.min(most_idle());
        let total = match self.when {
            When::Live => shared + threads * (slab + chunks),
            // What is folded goes to the shared slab, whose directory is static.
            When::Ended => shared + idle * (slab + chunks) + if idle < threads { chunks } else { 0 },
            When::Removed => size::FREE * self.series.next_power_of_two() + threads * (slab + chunks),
        };
        total as f64
    }

    /// Makes the series, has every thread touch them, and returns what each took.
    ///
    /// # Errors
    /// If the system does not tell the resident set.
    pub fn measure(&self) -> io::Result<f64> {
        // What is set up once a process, and the slab of this thread, which only watches.
        let first = Population::new(self.kind);
        first.touch(&Series::in_one_family(1));
        first.scraper().visit(|_| {});
        let series = Series::in_one_family(self.series);
        let population = Population::new(self.kind);
        let mut scraper = population.scraper();
        let rested = self.rehearse()?;
        let step = Barrier::new(self.threads as usize + 1);
        let (mut before, mut after) = thread::scope(|scope| {
            let recording = |thread| {
                let (series, population, step) = (&series, &population, &step);
                scope.spawn(move || {
                    // Five steps: all are there, the first read is done, the series are made, all have touched them,
                    // the last read is done.
                    warm_up();
                    step.wait();
                    step.wait();
                    if thread == 0 {
                        population.touch(series);
                    }
                    step.wait();
                    if thread != 0 {
                        population.touch(series);
                    }
                    step.wait();
                    step.wait();
                })
            };
            let threads = (0..self.threads).map(recording).collect();
            step.wait();
            let before = resident_bytes();
            step.wait();
            step.wait();
            step.wait();
            // Frees the tables that were outgrown.
            scraper.visit(|_| {});
            if self.when == When::Removed {
                population.clear();
                // Shows the final values, then lets go of them.
                scraper.visit(|_| {});
                scraper.visit(|_| {});
            }
            let after = self.read();
            step.wait();
            join(threads);
            (before, after)
        });
        if self.when == When::Ended {
            scraper.visit(|_| {});
            (before, after) = (Ok(rested), self.read());
        }
        black_box((&population, &first));
        Ok((after? as f64 - before? as f64) / self.series as f64)
    }

    /// Returns the resident set after as many threads have come and gone: the stacks that the system keeps for the next
    /// are not the metrics'.
    fn rehearse(&self) -> io::Result<u64> {
        let all = Barrier::new(self.threads as usize);
        thread::scope(|scope| {
            let rehearsing = |_| {
                scope.spawn(|| {
                    warm_up();
                    all.wait();
                })
            };
            join((0..self.threads).map(rehearsing).collect());
        });
        self.read()
    }

    fn read(&self) -> io::Result<u64> {
        if self.trimmed {
            trim();
        }
        resident_bytes()
    }
}

/// Waits until the threads are gone: the end of their scope waits for their work only.
fn join(threads: Vec<ScopedJoinHandle<'_, ()>>) {
    for thread in threads {
        thread.join().expect("nothing in it panics");
    }
}

/// Slots of a table that has grown to so many rows: doubled whenever more than three quarters are taken.
fn slots(records: u64) -> u64 {
    let mut slots = 4;
    while 4 * records > 3 * slots {
        slots *= 2;
    }
    slots
}

/// Slabs without a thread that are kept for the threads to come.
fn most_idle() -> u64 {
    8.max(2 * thread::available_parallelism().map_or(4, usize::from)) as u64
}

/// Touches what a thread takes of stack and allocator: it is not the metrics'.
fn warm_up() {
    black_box([1_u8; 32 * 1024]);
    black_box(String::from("as long as the name of a table, or longer"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_doubles_past_three_quarters() {
        assert_eq!([1, 3, 4, 768, 769, 10_000].map(slots), [4, 4, 8, 1024, 2048, 16_384]);
    }

    #[test]
    fn the_formula_adds_up() {
        let bytes = |kind, threads| live("bytes", kind, 10_000, threads).formula();
        // 10,000 counters lie in 20 pages, as many histograms of 16 cells in 313.
        assert_eq!(bytes(Kind::Counter, 3) - bytes(Kind::Counter, 2), (4096 + 20 * 4096) as f64);
        assert_eq!(bytes(Kind::Histogram, 3) - bytes(Kind::Histogram, 2), (4096 + 313 * 4096) as f64);
        assert_eq!(bytes(Kind::Gauge, 3) - bytes(Kind::Gauge, 2), 4096.0);
        // A million counters have 489 chunks, whose pointers do not fit into the first page.
        assert_eq!(size::slab(480), 4096);
        assert_eq!(size::slab(489), 8192);
        // pipeline="orders-0",source="mysql-primary",table="public.order_items_00000": 75 bytes in a row of 128.
        let one = live("bytes", Kind::Counter, 1, 1).formula();
        assert_eq!(one, (4 * 16 + 128 + 48 + 4096 + 4096) as f64);
    }
}
