//! Metrics in statics over the registry of the process, which all tests of this binary share: so each test has names that
//! no other one uses.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Barrier, LazyLock};
use std::thread;
use streamgauge::{Counter, Error, Family, Histogram, LabelValue, MetricSet, Registry};

#[derive(LabelValue, Clone, Copy)]
enum Op {
    Insert,
    Delete,
}

#[derive(streamgauge::LabelSet)]
struct Change {
    op: Op,
}

#[derive(MetricSet)]
#[metric(prefix = "statics_shared")]
struct Shared {
    /// Events.
    events_total: Counter,
    /// Changes.
    changes_total: Family<Change, Counter>,
    /// Sizes.
    size: Histogram,
}

static SHARED: LazyLock<Shared> =
    LazyLock::new(|| Shared::register(Registry::global()).unwrap_or_else(|error| panic!("{error}")));

/// What two modules that know nothing of each other declare.
mod rows_read {
    use super::*;

    #[derive(MetricSet)]
    #[metric(prefix = "statics_conflict")]
    pub(super) struct Rows {
        /// Rows read.
        pub(super) rows_total: Counter,
    }

    pub(super) static ROWS: LazyLock<Rows> =
        LazyLock::new(|| Rows::register(Registry::global()).unwrap_or_else(|error| panic!("{error}")));
}

mod rows_written {
    use super::*;

    #[derive(MetricSet)]
    #[metric(prefix = "statics_conflict")]
    pub(super) struct Rows {
        /// Rows written.
        pub(super) rows_total: Counter,
    }

    pub(super) static ROWS: LazyLock<Rows> =
        LazyLock::new(|| Rows::register(Registry::global()).unwrap_or_else(|error| panic!("{error}")));
}

fn global(name: &str, labels: &[(&str, &str)]) -> f64 {
    Registry::global().read_sample(name, labels).unwrap_or_else(|error| panic!("{error}"))
}

/// Runs what panics and gives what it said.
fn panic_of(run: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(run)).expect_err("it panics");
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()
}

#[test]
fn a_static_set_is_made_once_by_whichever_thread_is_first_and_counts_for_all() {
    let (threads, rounds) = (4, 1000);
    let start = Barrier::new(threads);
    thread::scope(|scope| {
        for thread in 0..threads {
            let start = &start;
            scope.spawn(move || {
                let op = if thread == 0 { Op::Delete } else { Op::Insert };
                start.wait();
                for _ in 0..rounds {
                    SHARED.events_total.inc();
                    SHARED.changes_total.with(&Change { op }, Counter::inc);
                    SHARED.size.observe(2.0);
                }
            });
        }
    });
    assert_eq!(global("statics_shared_events_total", &[]), 4000.0);
    assert_eq!(global("statics_shared_changes_total", &[("op", "insert")]), 3000.0);
    assert_eq!(global("statics_shared_changes_total", &[("op", "delete")]), 1000.0);
    assert_eq!((SHARED.size.snapshot().count(), SHARED.size.snapshot().sum()), (4000, 8000.0));
}

#[test]
fn a_second_static_that_declares_a_name_otherwise_panics_at_its_first_use_and_names_both() {
    rows_read::ROWS.rows_total.inc();
    let first = panic_of(|| rows_written::ROWS.rows_total.inc());
    assert_eq!(
        first,
        "metric \"statics_conflict_rows_total\" is registered as a counter with help \"Rows read.\", labels [], but was \
         requested as a counter with help \"Rows written.\", labels []; both must be the same"
    );
    // It is not tried again: whoever comes later learns less, so the first use should be the start of `main`.
    let later = panic_of(|| rows_written::ROWS.rows_total.inc());
    assert!(later.contains("poisoned"), "{later}");
    // The one that was first is none the worse.
    rows_read::ROWS.rows_total.inc();
    assert_eq!(global("statics_conflict_rows_total", &[]), 2.0);
}

#[test]
fn the_sets_of_statics_have_registries_of_their_own_in_tests() {
    let registry = Registry::new();
    rows_read::Rows::register(&registry).expect("legal").rows_total.add(5);
    assert_eq!(registry.read_sample("statics_conflict_rows_total", &[]), Ok(5.0));
    // As a value the conflict is an error to be reported, which names both.
    let error = rows_written::Rows::register(&registry).map(drop).expect_err("a conflict");
    let Error::Conflict { name, registered, requested } = &error else { panic!("{error}") };
    assert_eq!(name, "statics_conflict_rows_total");
    assert!(registered.contains("Rows read.") && requested.contains("Rows written."), "{error}");
    // Where there are no metrics there is no conflict either, and the code runs the same.
    let disabled = Registry::disabled();
    rows_read::Rows::register(&disabled).expect("legal").rows_total.inc();
    rows_written::Rows::register(&disabled).expect("nothing is registered").rows_total.inc();
    rows_written::Rows::default().rows_total.inc();
    assert_eq!(disabled.render_text(), "");
    assert_eq!(registry.read_sample("statics_conflict_rows_total", &[]), Ok(5.0));
}
