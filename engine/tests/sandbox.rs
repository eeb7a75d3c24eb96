//! A process that forbids `membarrier` after it has begun to record: what a sandboxed daemon does.
//!
//! Alone in its process, because a filter of system calls stays for good. Nothing to see where pins use real fences.
#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(any(miri, engine_force_fence))
))]

mod common;

use common::labels::NumberedTable;
use std::sync::mpsc;
use streamgauge::bridge::ThreadOwned;
use streamgauge::{Counter, Family, MetricSet, Registry, Scraper, stats};

#[derive(MetricSet)]
struct Set {
    /// E.
    events_total: Counter,
}

#[path = "common/seccomp.rs"]
mod seccomp;
use seccomp::forbid_membarrier;

#[test]
fn what_a_lookup_holds_stays_where_the_fence_is_forbidden() {
    let registry = Registry::new();
    let events: Family<NumberedTable, Counter> = registry.counter("events_total", "Events.").family().expect("legal");
    // Registers the process for barriers, so that lookups count on them.
    events.with(&NumberedTable { table: 1 }, Counter::inc);
    let made_before = ThreadOwned::new(0);
    forbid_membarrier();

    let (entered, inside) = mpsc::channel();
    let (let_go, wait) = mpsc::channel::<()>();
    let looking = events.clone();
    let lookup = std::thread::spawn(move || {
        looking.with(&NumberedTable { table: 1 }, |counter| {
            entered.send(()).expect("the test waits");
            wait.recv().expect("the test says when");
            counter.add(7777);
        });
    });
    inside.recv().expect("the lookup has begun");
    assert!(events.remove(&NumberedTable { table: 1 }));
    let mut scraper = Scraper::new(&registry);
    for _ in 0..3 {
        scraper.visit(|_| {});
    }
    assert!(stats().pending_reclamation > 0, "it was freed under the lookup");
    // The cells of the removed series, if they were given back, are the next series'.
    let other: Family<NumberedTable, Counter> = registry.counter("other_total", "Other.").family().expect("legal");
    for table in 0..100 {
        other.init(&NumberedTable { table });
    }
    let_go.send(()).expect("the lookup waits");
    lookup.join().expect("the lookup ends");
    scraper.visit(|sample| {
        if sample.name() == "other_total" {
            assert_eq!(sample.value(), streamgauge::MetricValue::Counter(0), "a foreign increment");
        }
    });

    // A set that loses a series now is made anew later, when nothing more is removed.
    let sets = Family::<NumberedTable, Set>::register(&registry.scope("set")).expect("legal");
    let member: Family<NumberedTable, Counter> =
        registry.counter("set_events_total", "E.").family().expect("the same family");
    sets.with(&NumberedTable { table: 1 }, |set| set.events_total.inc());
    assert!(member.remove(&NumberedTable { table: 1 }));

    // Who visits a value counts on the barrier too, unless the value was made after it was refused.
    let (made_before, visitor) = made_before;
    assert!(visitor.visit(|_| ()).is_none() && made_before.with(|_| ()).is_some());
    let (made_after, visitor) = ThreadOwned::new(1);
    assert_eq!((visitor.visit(|value| *value + 1), made_after.with(|value| *value)), (Some(2), Some(1)));

    // Nothing can be freed any more. What may not be freed is bounded, records are not lost, and an operator can tell.
    assert!(stats().failed_fences > 0);
    let tables: u64 = 50_000;
    for table in 0..tables {
        other.with(&NumberedTable { table }, Counter::inc);
        other.remove(&NumberedTable { table });
    }
    let pending = stats().pending_reclamation;
    assert!(pending < 20_000, "{pending} wait for a fence that never comes");
    assert!(stats().refused_removals > 0);
    let mut total = 0;
    scraper.visit(|sample| {
        if let ("other_total", streamgauge::MetricValue::Counter(count)) = (sample.name(), sample.value()) {
            total += count;
        }
    });
    assert!(total > 10_000, "what is not removed is exposed: {total}");
    sets.with(&NumberedTable { table: 1 }, |set| set.events_total.inc());
    let of_set = |table| registry.sample_value("set_events_total", &[("table", table)]);
    assert_eq!((of_set("1"), of_set("__overflow__")), (Some(1.0), None), "there is room for the set");

    // Many that remove at a time are bounded alike.
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let other = &other;
            scope.spawn(move || {
                for table in 0..20_000 {
                    other.with(&NumberedTable { table: thread * 1_000_000 + table }, Counter::inc);
                    other.remove(&NumberedTable { table: thread * 1_000_000 + table });
                }
            });
        }
    });
    let pending = stats().pending_reclamation;
    assert!(pending < 20_000, "{pending} wait for a fence that never comes");
    assert_eq!(stats().internal_errors, 0, "a forbidden system call is no error of the engine");
    registry.enable_self_metrics().expect("the names are free");
    assert!(registry.sample_value("streamgauge_failed_fences_total", &[]).is_some_and(|fences| fences > 0.0));
    assert!(registry.sample_value("streamgauge_refused_removals_total", &[]).is_some_and(|refused| refused > 0.0));
}
