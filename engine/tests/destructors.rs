//! Records in thread-local destructors, which run before or after the engine has given the thread's slab back.
//!
//! The tests take turns: one tells from the number of idle slabs, which is the process's, whether a destructor
//! ran after the engine's.

mod common;

use common::{scrape, stress};
use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use streamgauge::{
    Buckets, Counter, DurationCounter, Family, Format, Histogram, LabelSet, Registry, Scraper, UpDownCounter, stats,
};

#[derive(LabelSet)]
struct Slot<'a> {
    slot: &'a str,
}

/// What a thread records through, alive and in its destructor.
#[derive(Clone)]
struct Handles {
    registry: Registry,
    events: Counter,
    busy: DurationCounter,
    in_flight: UpDownCounter,
    ones: Histogram,
    known: Family<Slot<'static>, Counter>,
    fresh: Family<Slot<'static>, Histogram>,
    /// Destructors that ran after the engine's.
    late: Arc<AtomicUsize>,
}

impl Handles {
    fn new() -> Result<Self, streamgauge::Error> {
        let registry = Registry::new();
        let ones = Buckets::explicit([0.5, 1.0]);
        Ok(Self {
            events: registry.counter("events_total", "E.").register()?,
            busy: registry.duration_counter("busy_seconds_total", "B.").register()?,
            in_flight: registry.up_down_counter("in_flight", "I.").register()?,
            ones: registry.histogram("ones", "O.").buckets(ones.clone()).register()?,
            known: registry.counter("known_total", "K.").family()?,
            fresh: registry.histogram("fresh", "F.").buckets(ones).family()?,
            late: Arc::default(),
            registry,
        })
    }

    fn record(&self) {
        self.events.inc();
        self.busy.add_nanos(1);
        self.in_flight.add(2);
        self.in_flight.dec();
        self.ones.observe_n(1.0, 2);
        self.known.with(&Slot { slot: "known" }, Counter::inc);
        self.known.get_or_create(&Slot { slot: "known" }).inc();
    }
}

/// Records when its thread ends.
struct AtExit {
    handles: Handles,
    /// A label value that no other thread uses: the destructor creates the series.
    slot: String,
    idle_slabs: usize,
}

impl Drop for AtExit {
    fn drop(&mut self) {
        let handles = &self.handles;
        handles.late.fetch_add(usize::from(stats().idle_slabs > self.idle_slabs), Ordering::Relaxed);
        handles.record();
        handles.fresh.with(&Slot { slot: &self.slot }, |histogram| {
            histogram.observe(1.0);
            // A lookup inside a lookup.
            handles.known.with(&Slot { slot: "nested" }, Counter::inc);
        });
        let mut body = Vec::new();
        Scraper::new(&handles.registry).encode(Format::Text, &mut body);
        assert!(!body.is_empty());
    }
}

thread_local! {
    static AT_EXIT: RefCell<Option<AtExit>> = const { RefCell::new(None) };
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Order {
    /// The application's thread-local is initialised before the engine's.
    AppFirst,
    EngineFirst,
    /// The thread records nothing before its destructors run.
    OnlyAtExit,
}

/// Runs `threads` threads, one after the other, and checks that nothing they recorded is lost. Gives how
/// many destructors ran after the engine's.
fn run(order: Order, threads: usize) -> usize {
    let handles = Handles::new().expect("the declarations are legal");
    for index in 0..threads {
        let handles = handles.clone();
        let thread = thread::spawn(move || {
            let at_exit = AtExit { handles: handles.clone(), slot: index.to_string(), idle_slabs: usize::MAX };
            if order == Order::AppFirst {
                AT_EXIT.set(Some(at_exit));
                handles.record();
            } else {
                if order == Order::EngineFirst {
                    handles.record();
                }
                AT_EXIT.set(Some(at_exit));
            }
            AT_EXIT.with_borrow_mut(|at_exit| {
                if let Some(at_exit) = at_exit {
                    at_exit.idle_slabs = stats().idle_slabs;
                }
            });
        });
        thread.join().expect("neither the thread nor its destructors panic");
    }
    let times = threads as u64 * if order == Order::OnlyAtExit { 1 } else { 2 };
    let parsed = scrape(&mut Scraper::new(&handles.registry));
    assert_eq!(parsed.integer("events_total", &[]), times, "{order:?}");
    assert_eq!(handles.busy.get().as_nanos(), u128::from(times), "{order:?}");
    assert_eq!(parsed.integer("in_flight", &[]), times, "{order:?}");
    assert_eq!(parsed.integer("ones_bucket", &[("le", "0.5")]), 0, "{order:?}");
    assert_eq!(parsed.integer("ones_count", &[]), 2 * times, "{order:?}");
    assert_eq!(parsed.integer("ones_sum", &[]), 2 * times, "{order:?}");
    assert_eq!(parsed.integer("known_total", &[("slot", "known")]), 2 * times, "{order:?}");
    assert_eq!(parsed.integer("known_total", &[("slot", "nested")]), threads as u64, "{order:?}");
    for index in 0..threads {
        assert_eq!(parsed.integer("fresh_count", &[("slot", &index.to_string())]), 1, "{order:?}");
    }
    handles.late.load(Ordering::Relaxed)
}

static SERIAL: Mutex<()> = Mutex::new(());

#[test]
fn records_in_destructors_are_counted() {
    let _alone = SERIAL.lock().unwrap_or_else(PoisonError::into_inner);
    let threads = if cfg!(miri) { 3 } else { 150 * stress() };
    let before = stats().slabs;
    let late = [Order::AppFirst, Order::EngineFirst].map(|order| run(order, threads));
    run(Order::OnlyAtExit, threads);
    // Whichever way round destructors run on this platform, one of the two orders is after the engine's and the
    // other before: both paths were taken.
    assert!(late == [threads, 0] || late == [0, threads], "{late:?} of {threads} ran after the engine's");
    let stats = stats();
    assert!(stats.slabs <= before + 2, "a slab for each dead thread: {stats:?}");
    assert_eq!((stats.lost_records, stats.internal_errors), (0, 0));
}

#[test]
fn destructors_of_threads_that_die_together() {
    let _alone = SERIAL.lock().unwrap_or_else(PoisonError::into_inner);
    // Not one after the other: orphans share cells, so their updates race.
    let registry = Registry::new();
    let events = registry.counter("racing_total", "R.").register().expect("legal");
    let ones = registry.histogram("racing_size", "R.").buckets(Buckets::explicit([1.0])).register().expect("legal");

    const RECORDS: u64 = if cfg!(miri) { 20 } else { 500 };
    struct Racer(Counter, Histogram);
    impl Drop for Racer {
        fn drop(&mut self) {
            for _ in 0..RECORDS {
                self.0.inc();
                self.1.observe(1.0);
            }
        }
    }
    thread_local! {
        static RACER: RefCell<Option<Racer>> = const { RefCell::new(None) };
    }
    let rounds = if cfg!(miri) { 2 } else { 20 * stress() };
    for _ in 0..rounds {
        let threads: Vec<_> = (0..4)
            .map(|index| {
                let racer = Racer(events.clone(), ones.clone());
                thread::spawn(move || {
                    if index % 2 == 0 {
                        racer.0.inc();
                        RACER.set(Some(racer));
                    } else {
                        let events = racer.0.clone();
                        RACER.set(Some(racer));
                        events.inc();
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().expect("no destructor panics"));
    }
    let expected = rounds as u64 * 4 * (RECORDS + 1);
    assert_eq!(events.get(), expected);
    assert_eq!(ones.snapshot().count(), expected - rounds as u64 * 4);
    assert_eq!(ones.snapshot().sum(), (expected - rounds as u64 * 4) as f64);
}
