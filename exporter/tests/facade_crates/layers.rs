//! metrics-util: layers between the macros and recorders.

use crate::facade::{exposed, recorder, scraped};
use metrics::{Unit, counter, describe_counter, gauge, histogram, with_local_recorder};
use metrics_util::MetricKindMask;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use metrics_util::layers::{FanoutBuilder, FilterLayer, Layer, PrefixLayer, RouterBuilder, Stack};

#[test]
fn a_prefix_is_part_of_names_and_descriptions() {
    let recorder = recorder();
    let layered = PrefixLayer::new("app").layer(&recorder);
    with_local_recorder(&layered, || {
        describe_counter!("events", Unit::Count, "Events.");
        for _ in 0..2 {
            counter!("events", "table" => "orders").increment(1);
            gauge!("depth").set(3);
            histogram!("size").record(4);
        }
    });
    let exposed = exposed(&recorder);
    assert_eq!((exposed.get("app_events{table=\"orders\"}"), exposed.help("app_events")), (Some(2.0), Some("Events.")));
    assert_eq!((exposed.get("app_depth"), exposed.get("app_size_count")), (Some(3.0), Some(2.0)));
}

#[test]
fn what_a_filter_takes_out_is_not_there() {
    let recorder = recorder();
    let layered = FilterLayer::from_patterns(["secret", "tokio"]).layer(&recorder);
    with_local_recorder(&layered, || {
        counter!("events").increment(1);
        counter!("secret_events").increment(1);
        describe_counter!("tokio.polls", "Polls.");
        gauge!("tokio.polls").set(1);
    });
    assert_eq!(recorder.handle().render(), "# TYPE events counter\nevents 1\n");
}

#[test]
fn a_fanout_gives_every_recorder_the_same() {
    let [first, second] = [recorder(), recorder()];
    let debugging = DebuggingRecorder::new();
    let (handles, snapshotter) = ([first.handle(), second.handle()], debugging.snapshotter());
    let fanout = FanoutBuilder::default().add_recorder(first).add_recorder(second).add_recorder(debugging).build();
    with_local_recorder(&fanout, || {
        counter!("events").increment(3);
        counter!("events").absolute(7);
        gauge!("depth").increment(1.5);
        histogram!("size").record_many(2, 10);
    });
    let seen = handles.map(|handle| scraped(&handle));
    assert_eq!(seen[0], seen[1]);
    assert_eq!((seen[0].get("events"), seen[0].get("depth")), (Some(7.0), Some(1.5)));
    assert_eq!((seen[0].get("size_count"), seen[0].get("size_sum")), (Some(10.0), Some(20.0)));
    let events = snapshotter.snapshot().into_vec().into_iter().find(|(key, ..)| key.key().name() == "events");
    assert!(matches!(events, Some((_, _, _, DebugValue::Counter(7)))), "{events:?}");
}

#[test]
fn a_router_sends_each_metric_to_its_recorder() {
    let [rest, billing, laps] = [recorder(), recorder(), recorder()];
    let handles = [&rest, &billing, &laps].map(streamgauge_exporter::recorder::Recorder::handle);
    let mut router = RouterBuilder::from_recorder(rest);
    router.add_route(MetricKindMask::COUNTER, "billing", billing).add_route(MetricKindMask::HISTOGRAM, "lap", laps);
    let router = router.build();
    with_local_recorder(&router, || {
        for _ in 0..2 {
            counter!("billing.invoices").increment(1);
            gauge!("billing.open").set(2);
            histogram!("lap_seconds").record(3);
            counter!("events").increment(4);
        }
    });
    let [rest, billing, laps] = handles.map(|handle| scraped(&handle));
    assert_eq!((billing.samples.len(), billing.get("billing_invoices")), (1, Some(2.0)));
    assert_eq!((laps.families.len(), laps.get("lap_seconds_count")), (1, Some(2.0)));
    assert_eq!((rest.get("billing_open"), rest.get("events"), rest.samples.len()), (Some(2.0), Some(8.0), 2));
}

#[test]
fn layers_stack() {
    let recorder = recorder();
    let handle = recorder.handle();
    let stack = Stack::new(recorder).push(PrefixLayer::new("app")).push(FilterLayer::from_patterns(["secret"]));
    with_local_recorder(&stack, || {
        counter!("events").increment(1);
        counter!("secret").increment(1);
    });
    assert_eq!(handle.render(), "# TYPE app_events counter\napp_events 1\n");
}
