//! Code of the user that the engine calls does the worst it can: no lock of the engine is held around it, so nothing
//! deadlocks, nobody waits, and a panic is the caller's or nobody's.

mod common;

use common::labels::NumberedTable;
use common::worst::{Bomb, Worst, events};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use streamgauge::bridge::{DynamicFamily, ThreadOwned};
use streamgauge::{
    CollectedFamily, Collector, CollectorOutput, Counter, Family, Format, LabelSet, LabelValue, MetricSet, MetricValue,
    Registry, Scraper, stats,
};

#[test]
fn visitors_do_the_worst() {
    let registry = Registry::new();
    let worst = Worst::new(&registry);
    let shown = events(&registry, "shown_total");
    let (mut scraper, mut other) = (Scraper::new(&registry), Scraper::new(&registry));
    for table in 0..3 {
        shown.with(&NumberedTable { table }, Counter::inc);
    }
    // Removed series are shown too.
    shown.remove(&NumberedTable { table: 1 });
    worst.happen();
    let mut seen = 0;
    scraper.visit(|sample| {
        seen += u64::from(sample.name() == "shown_total");
        if (1..=3).contains(&seen) {
            worst.happen();
            shown.with(&NumberedTable { table: 100 + seen }, Counter::inc);
            shown.remove(&NumberedTable { table: seen });
            let mut body = Vec::new();
            other.encode(Format::Text, &mut body);
        }
    });
    assert_eq!(seen, 3);
    let panicked = catch_unwind(AssertUnwindSafe(|| scraper.visit(|_| panic!("in a visitor"))));
    assert!(panicked.is_err());
    let mut body = Vec::new();
    scraper.encode(Format::Text, &mut body);
    assert!(!body.is_empty(), "the scraper is as good as before");
}

/// A visitor that sleeps while it is shown a removed series keeps nobody from recording, removing and scraping.
#[test]
fn visitors_that_sleep_keep_nobody_waiting() {
    let registry = Registry::new();
    let (shown, elsewhere) = (events(&registry, "shown_total"), events(&registry, "elsewhere_total"));
    let mut scraper = Scraper::new(&registry);
    for table in 0..3 {
        shown.with(&NumberedTable { table }, Counter::inc);
        shown.remove(&NumberedTable { table });
    }
    let (awake, sleeping) = mpsc::channel::<()>();
    let mut seen = 0;
    scraper.visit(|sample| {
        if sample.name() != "shown_total" {
            return;
        }
        seen += 1;
        let (shown, elsewhere, registry, awake) = (shown.clone(), elsewhere.clone(), registry.clone(), awake.clone());
        std::thread::spawn(move || {
            for table in 0..100 {
                shown.with(&NumberedTable { table }, Counter::inc);
                elsewhere.with(&NumberedTable { table }, Counter::inc);
                elsewhere.remove(&NumberedTable { table });
            }
            shown.clear();
            let mut body = Vec::new();
            Scraper::new(&registry).encode(Format::Text, &mut body);
            awake.send(()).expect("the visitor sleeps");
        });
        // Until the other thread has done all of it.
        sleeping.recv().expect("nothing of that waits for this visitor");
    });
    assert_eq!(seen, 3, "removed series, one after the other");
}

#[test]
fn callbacks_and_collectors_do_the_worst() {
    struct Collects(Worst, AtomicUsize);
    impl Collector for Collects {
        fn describe(&self) -> Vec<CollectedFamily> {
            self.0.happen();
            vec![CollectedFamily::gauge("collected", "Collected.")]
        }
        fn collect(&self, out: &mut CollectorOutput<'_>) {
            self.0.happen();
            out.family("collected").sample(&[], 1u64);
            if self.1.fetch_add(1, Ordering::Relaxed) == 1 {
                panic!("in a collector");
            }
        }
    }
    let registry = Registry::new();
    // Another registry: the threads that it starts would run these very callbacks, without end.
    let elsewhere = Registry::new();
    let worst = Worst::new(&elsewhere);
    let id = registry.register_collector(Collects(worst.clone(), AtomicUsize::new(0))).expect("legal");
    let (called, in_callback, own) = (Arc::new(AtomicUsize::new(0)), worst.clone(), registry.clone());
    let calls = called.clone();
    let callback = move || {
        in_callback.happen();
        // A scrape in here leaves callbacks and collectors out.
        Scraper::new(&own).encode(Format::Text, &mut Vec::new());
        assert_ne!(calls.fetch_add(1, Ordering::Relaxed), 1, "in a callback");
        2.0
    };
    registry.gauge("called", "Called.").callback(callback).expect("legal");
    let mut scraper = Scraper::new(&registry);
    let failed: Vec<_> = (0..3)
        .map(|_| {
            let report = scraper.encode(Format::Text, &mut Vec::new());
            (report.failed_callbacks(), report.failed_collectors())
        })
        .collect();
    assert_eq!(failed, [(0, 0), (1, 1), (0, 0)]);
    assert!(registry.unregister_collector(id));
    assert!(called.load(Ordering::Relaxed) >= 3);
}

/// A label value whose text is made by code that does the worst.
struct Label<'a>(&'a Worst, u64);

impl LabelValue for Label<'_> {
    fn with_text<R>(&self, f: impl FnOnce(&str) -> R) -> R {
        self.0.happen();
        f(&self.1.to_string())
    }
}

#[derive(LabelSet)]
struct Written<'a> {
    table: Label<'a>,
}

#[test]
fn labels_that_are_written_out_do_the_worst() {
    let registry = Registry::new();
    let worst = Worst::new(&registry);
    let written: Family<Written<'static>, Counter> = registry.counter("written_total", "W.").family().expect("legal");
    for table in [1, 2, 1] {
        written.with(&Written { table: Label(&worst, table) }, Counter::inc);
        written.get_or_create(&Written { table: Label(&worst, table) }).inc();
    }
    assert_eq!(registry.sample_value("written_total", &[("table", "1")]), Some(4.0));
    assert!(written.remove(&Written { table: Label(&worst, 1) }));
}

#[test]
fn closures_of_lookups_caches_and_retain_do_the_worst() {
    let registry = Registry::new();
    let worst = Worst::new(&registry);
    let events = events(&registry, "events_total");
    events.with(&NumberedTable { table: 1 }, |counter| {
        worst.happen();
        counter.inc();
        assert!(events.remove(&NumberedTable { table: 1 }));
        counter.inc();
    });
    let panicked = catch_unwind(AssertUnwindSafe(|| events.with(&NumberedTable { table: 2 }, |_| panic!("in with"))));
    assert!(panicked.is_err());
    let mut cache = events.handle_cache::<u64>();
    for key in 0..3 {
        let counter = cache.get_or_insert_with(key, |events| {
            worst.happen();
            events.get_or_create(&NumberedTable { table: key })
        });
        counter.inc();
    }
    let panicked = catch_unwind(AssertUnwindSafe(|| cache.get_or_insert_with(9, |_| panic!("in a cache")).inc()));
    assert!(panicked.is_err());
    cache.get_or_insert_with(9, |events| events.get_or_create(&NumberedTable { table: 9 })).inc();
    let kept = Cell::new(0);
    events.retain(|_| {
        worst.happen();
        events.remove(&NumberedTable { table: 9 });
        kept.set(kept.get() + 1);
        kept.get() > 1
    });
    let panicked = catch_unwind(AssertUnwindSafe(|| events.retain(|_| panic!("in retain"))));
    assert!(panicked.is_err());
    let open: DynamicFamily<Counter> = registry.counter("open", "Open.").verbatim().dynamic_family().expect("legal");
    open.get_or_create(&[("a", "1")]).expect("legal").inc();
    open.retain(|_| {
        worst.happen();
        open.get_or_create(&[("a", "2")]).expect("legal").inc();
        false
    });
    // Nobody is pinned any more: what was removed can be freed.
    let mut scraper = Scraper::new(&registry);
    for _ in 0..3 {
        scraper.visit(|_| {});
    }
    assert_eq!(stats().internal_errors, 0);
}

#[derive(MetricSet)]
struct Set {
    /// Events.
    events_total: Counter,
}

#[test]
fn sets_come_and_go_beside_the_worst() {
    let registry = Registry::new();
    let worst = Worst::new(&registry);
    let sets: Family<NumberedTable, Set> =
        Family::<NumberedTable, Set>::register(&registry.scope("set")).expect("legal");
    for table in 0..200 {
        sets.with(&NumberedTable { table }, |set| {
            set.events_total.inc();
            if table % 50 == 0 {
                worst.happen();
            }
        });
        if table >= 10 {
            assert!(sets.remove(&NumberedTable { table: table - 10 }));
        }
    }
    let mut series = 0;
    Scraper::new(&registry).visit(|sample| {
        series += usize::from(sample.name() == "set_events_total" && sample.value() == MetricValue::Counter(1));
    });
    assert!(series >= 10, "{series}");
}

#[test]
fn visits_of_an_owned_value_do_the_worst() {
    let registry = Registry::new();
    let worst = Worst::new(&registry);
    let dropped = Arc::new(AtomicUsize::new(0));
    let (owner, visitor) = ThreadOwned::new(Bomb::new(&worst, &dropped));
    owner.with(|bomb| {
        bomb.worst.happen();
        assert!(owner.with(|_| ()).is_none() && visitor.visit(|_| ()).is_none(), "the owner is inside");
    });
    let inside = visitor.visit(|bomb| {
        bomb.worst.happen();
        assert!(!visitor.is_gone());
        let (visitor, owner) = (visitor.clone(), &owner);
        assert!(owner.with(|_| ()).is_none(), "a visitor is inside");
        // Another visitor is turned away, and does not wait.
        std::thread::spawn(move || visitor.visit(|_| ()).is_none()).join().expect("it does not wait")
    });
    assert_eq!(inside, Some(true));
    // The owner goes while a visitor is inside: the visitor drops the value, and a panic of that is nobody's.
    let mut owner = Some(owner);
    let left = visitor.visit(|_| drop(owner.take()));
    assert_eq!((left, dropped.load(Ordering::Relaxed)), (Some(()), 1));
    assert!(visitor.is_gone() && visitor.visit(|_| ()).is_none());
}

/// A set whose destructor registers.
#[derive(Clone, Debug, Default)]
struct Registers(Option<Registry>);

impl Drop for Registers {
    fn drop(&mut self) {
        if let Some(registry) = &self.0 {
            registry.counter("dropped_total", "D.").register().expect("the same each time").inc();
        }
    }
}

thread_local! {
    static OWN: std::cell::RefCell<Option<Registry>> = const { std::cell::RefCell::new(None) };
}

impl MetricSet for Registers {
    fn register(scope: &streamgauge::Scope) -> Result<Self, streamgauge::Error> {
        scope.counter("events_total", "E.").register()?.inc();
        Ok(Self(OWN.with(|own| own.borrow().clone())))
    }

    fn fields(&self, _: &mut streamgauge::FieldVisitor<'_>) {}
}

/// Levels change while families of sets go, whose sets register when they are dropped.
#[test]
fn sets_that_register_when_they_are_dropped_meet_no_lock() {
    let registry = Registry::new();
    let rounds = if cfg!(miri) { 3 } else { 2_000 };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            OWN.with(|own| *own.borrow_mut() = Some(registry.clone()));
            for _ in 0..rounds {
                let sets = Family::<NumberedTable, Registers>::register(&registry.scope("set")).expect("legal");
                sets.with(&NumberedTable { table: 1 }, |_| {});
                drop(sets);
            }
        });
        for _ in 0..rounds {
            registry.set_level(streamgauge::Level::Basic);
            registry.set_level(streamgauge::Level::Detailed);
        }
    });
}

/// A visitor that has threads end, and another scraper fold what they left: the pass goes on with the slabs there are.
#[test]
fn visitors_have_slabs_folded() {
    let registry = Registry::new();
    let shown = events(&registry, "shown_total");
    let threads = if cfg!(miri) { 2 } else { 200 };
    for table in 0..100 {
        shown.with(&NumberedTable { table }, Counter::inc);
    }
    let run = |threads: usize| {
        let all_there = std::sync::Barrier::new(threads);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    (0..100).for_each(|table| shown.with(&NumberedTable { table }, Counter::inc));
                    all_there.wait();
                });
            }
        });
    };
    run(threads);
    let elsewhere = Registry::new();
    let mut other = Scraper::new(&elsewhere);
    let mut counts = Vec::new();
    Scraper::new(&registry).visit(|sample| {
        let MetricValue::Counter(count) = sample.value() else { return };
        counts.push(count);
        if counts.len() == 50 {
            run(threads);
            other.visit(|_| {});
        }
    });
    assert_eq!(counts.len(), 100);
    let (first, last) = counts.split_at(50);
    assert!(first.iter().all(|count| *count == 1 + threads as u64), "{first:?}");
    assert!(last.iter().all(|count| (1 + threads as u64..=1 + 2 * threads as u64).contains(count)), "{last:?}");
}
