//! metrics-tracing-context: fields of spans as labels.

use crate::facade::{exposed, recorder};
use metrics::{counter, histogram, with_local_recorder};
use metrics_tracing_context::{MetricsLayer, TracingContextLayer};
use metrics_util::layers::Layer;
use tracing::{Level, dispatcher, span};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt;

#[test]
fn fields_of_the_spans_around_a_record_are_its_labels() {
    let recorder = recorder();
    let handle = recorder.handle();
    let layered = TracingContextLayer::all().layer(recorder);
    let subscriber = Registry::default().with(MetricsLayer::new());
    dispatcher::with_default(&dispatcher::Dispatch::new(subscriber), || {
        with_local_recorder(&layered, || {
            let record = |amount: u64| counter!("events", "op" => "insert").increment(amount);
            record(1);
            for shard in 0..3_u64 {
                let outer = span!(Level::INFO, "pipeline", pipeline = "orders", shard);
                let _outer = outer.enter();
                record(10);
                record(10);
                let inner = span!(Level::INFO, "table", table.name = "users");
                let _inner = inner.enter();
                record(100);
                histogram!("size").record(shard as f64);
            }
            record(1);
        });
    });
    let exposed = crate::facade::scraped(&handle);
    assert_eq!(exposed.get("events{op=\"insert\"}"), Some(2.0));
    for shard in 0..3 {
        let outer = format!("events{{op=\"insert\",pipeline=\"orders\",shard=\"{shard}\"}}");
        assert_eq!(exposed.get(&outer), Some(20.0), "{exposed:?}");
        let inner = format!("events{{op=\"insert\",pipeline=\"orders\",shard=\"{shard}\",table_name=\"users\"}}");
        assert_eq!(exposed.get(&inner), Some(100.0), "{exposed:?}");
        let size = format!("size_sum{{pipeline=\"orders\",shard=\"{shard}\",table_name=\"users\"}}");
        assert_eq!(exposed.get(&size), Some(f64::from(shard)));
    }
}

#[test]
fn only_the_fields_that_are_allowed_become_labels() {
    let recorder = recorder();
    let layered = TracingContextLayer::only_allow(["table"]).layer(&recorder);
    let subscriber = Registry::default().with(MetricsLayer::new());
    dispatcher::with_default(&dispatcher::Dispatch::new(subscriber), || {
        with_local_recorder(&layered, || {
            for request in 0..100_u64 {
                let span = span!(Level::INFO, "request", request, table = "orders");
                let _entered = span.enter();
                counter!("events").increment(1);
            }
        });
    });
    assert_eq!(exposed(&recorder).get("events{table=\"orders\"}"), Some(100.0));
    assert_eq!(exposed(&recorder).samples.len(), 1);
}
