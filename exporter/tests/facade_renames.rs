//! Who hears of a metric that had to give its name up. Alone in its process: whether an event has listeners is decided for
//! all threads at once.
#![cfg(feature = "metrics-0-24")]

mod facade;
#[path = "common/heard.rs"]
mod heard;

use facade::{exposed, recorder};
use heard::Heard;
use metrics::{counter, gauge, with_local_recorder};

#[test]
fn who_loses_a_name_after_it_was_seen_is_told_in_the_log_and_counted() {
    let recorder = recorder();
    let heard = Heard::default();
    tracing::subscriber::with_default(heard.clone(), || {
        with_local_recorder(&recorder, || gauge!("x").set(2));
        assert_eq!(exposed(&recorder).collisions("family"), None);
        with_local_recorder(&recorder, || counter!("x").increment(1));
        assert_eq!(exposed(&recorder).collisions("family"), Some(1.0));
        assert_eq!(exposed(&recorder).collisions("family"), Some(1.0));
    });
    let warnings = heard.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("the gauge \"x\" is exposed as \"x_gauge\""), "{warnings:?}");
}
