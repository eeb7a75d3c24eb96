//! Code of a user that does the worst it can.

use super::labels::NumberedTable;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use streamgauge::{Counter, Family, Format, Registry, Scraper};

pub(crate) type Events = Family<NumberedTable, Counter>;

pub(crate) fn events(registry: &Registry, name: &str) -> Events {
    registry.counter(name, "Events.").family().expect("legal")
}

/// What the user's code does, wherever it is called: everything that takes a lock somewhere.
#[derive(Clone)]
pub(crate) struct Worst {
    registry: Registry,
    events: Events,
    churned: Events,
    next: Arc<AtomicUsize>,
}

impl Worst {
    pub(crate) fn new(registry: &Registry) -> Self {
        let (events, churned) = (events(registry, "worst_total"), events(registry, "churned_total"));
        Self { registry: registry.clone(), events, churned, next: Arc::default() }
    }

    pub(crate) fn happen(&self) {
        let next = self.next.fetch_add(1, Ordering::Relaxed) as u64;
        self.events.with(&NumberedTable { table: next % 7 }, Counter::inc);
        self.events.remove(&NumberedTable { table: (next + 3) % 7 });
        for table in 0..70 {
            // Enough for records to be moved to new pages, and for what is retired to be collected.
            self.churned.with(&NumberedTable { table: table + 70 * next }, Counter::inc);
            self.churned.remove(&NumberedTable { table: table + 70 * next });
        }
        self.events.retain(|labels| labels.get("table").as_deref() != Some("5"));
        let mut body = Vec::new();
        Scraper::new(&self.registry).encode(Format::OpenMetrics, &mut body);
        assert!(body.ends_with(b"# EOF\n"));
        let gauge = self.registry.gauge("made_meanwhile", "Made by code of the user.").register();
        gauge.expect("it is the same each time").set(1.0);
        let _ = self.registry.sample_value("worst_total", &[("table", "1")]);
        self.registry.expire_idle();
        // What other threads do meanwhile does not wait either: they end before this returns.
        let other = self.clone();
        std::thread::spawn(move || {
            other.events.with(&NumberedTable { table: next % 5 }, Counter::inc);
            other.events.with(&NumberedTable { table: 1000 + next }, Counter::inc);
            other.events.remove(&NumberedTable { table: 1000 + next });
            other.churned.clear();
            Scraper::new(&other.registry).visit(|_| {});
        })
        .join()
        .expect("it ends");
    }
}

/// Does the worst when it is dropped, and panics.
pub(crate) struct Bomb {
    pub(crate) worst: Worst,
    pub(crate) dropped: Arc<AtomicUsize>,
}

impl Bomb {
    pub(crate) fn new(worst: &Worst, dropped: &Arc<AtomicUsize>) -> Self {
        Self { worst: worst.clone(), dropped: dropped.clone() }
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        self.worst.happen();
        self.dropped.fetch_add(1, Ordering::Relaxed);
        if !std::thread::panicking() {
            std::panic::resume_unwind(Box::new("in drop"));
        }
    }
}
