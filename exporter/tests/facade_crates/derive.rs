//! metrics-derive: structs of handles.

use crate::facade::{exposed, recorder};
use metrics::{Counter, Gauge, Histogram, with_local_recorder};
use metrics_derive::Metrics;
use std::thread;

#[derive(Clone, Metrics)]
#[metrics(scope = "pipeline")]
struct Pipeline {
    /// Events read.
    events: Counter,
    /// Events that wait.
    #[metric(rename = "queue.depth")]
    depth: Gauge,
    /// How long a commit takes.
    commit_seconds: Histogram,
}

#[test]
fn a_derived_struct_describes_and_records() {
    let recorder = recorder();
    let pipeline = with_local_recorder(&recorder, || {
        // Not `describe`, which does nothing from its second call on: the other test may have come first.
        Pipeline::force_describe();
        Pipeline::default()
    });
    thread::scope(|scope| {
        for _ in 0..4 {
            let pipeline = pipeline.clone();
            scope.spawn(move || {
                for _ in 0..1_000 {
                    pipeline.events.increment(1);
                    pipeline.depth.increment(1);
                    pipeline.commit_seconds.record(0.25);
                }
            });
        }
    });
    let exposed = exposed(&recorder);
    assert_eq!((exposed.get("pipeline_events"), exposed.get("pipeline_queue_depth")), (Some(4_000.0), Some(4_000.0)));
    assert_eq!(exposed.get("pipeline_commit_seconds_sum"), Some(1_000.0));
    assert_eq!(exposed.help("pipeline_queue_depth"), Some("Events that wait."));
    assert_eq!(exposed.help("pipeline_commit_seconds"), Some("How long a commit takes."));
}

#[test]
fn a_derived_struct_has_labels_of_its_own() {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        for table in ["orders", "users", "orders"] {
            Pipeline::new_with_labels(&[("table", table)]).events.increment(1);
        }
    });
    let exposed = exposed(&recorder);
    assert_eq!(exposed.get("pipeline_events{table=\"orders\"}"), Some(2.0));
    assert_eq!(exposed.get("pipeline_events{table=\"users\"}"), Some(1.0));
    assert_eq!(exposed.get("pipeline_queue_depth{table=\"users\"}"), Some(0.0));
}
