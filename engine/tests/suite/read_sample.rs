//! Reading samples back: every error says what there is.

use streamgauge::{
    Buckets, CollectedFamily, Collector, CollectorOutput, Counter, Level, Registry, SampleError, Switch,
};

struct Peers;

impl Collector for Peers {
    fn describe(&self) -> Vec<CollectedFamily> {
        vec![CollectedFamily::gauge("peer_lag", "Lag.").labels(["peer"])]
    }

    fn collect(&self, out: &mut CollectorOutput<'_>) {
        out.family("peer_lag").sample(&["a"], 2u64);
    }
}

fn error(registry: &Registry, name: &str, labels: &[(&str, &str)]) -> String {
    let error = registry.read_sample(name, labels).expect_err("there is no such sample");
    assert_eq!(registry.sample_value(name, labels), None);
    error.to_string()
}

#[test]
fn an_unknown_name_is_answered_with_names_like_it() {
    let registry = Registry::new();
    assert!(error(&registry, "events", &[]).ends_with("none has a name like it; the full name is needed"));
    registry.scope("app").counter("events_total", "E.").register().expect("legal").inc();
    registry.counter("rows_total", "R.").register().expect("legal").inc();
    assert!(error(&registry, "events_total", &[]).ends_with("there is app_events_total"));
    assert!(error(&registry, "x_rows_total_y", &[]).ends_with("there is rows_total"));
    assert!(error(&Registry::disabled(), "rows_total", &[]).contains("\"rows_total\""));
}

#[test]
fn unknown_labels_are_answered_with_those_there_are() {
    let registry = Registry::new();
    let events = registry.counter("events_total", "E.").family_by(["table"]).expect("legal");
    assert!(error(&registry, "events_total", &[("table", "a")]).ends_with("it has none at all"));
    (0..9).for_each(|table| events.with(&(table,), Counter::inc));
    let text = error(&registry, "events_total", &[("tabel", "1")]);
    assert!(text.contains("{tabel=\"1\"}") && text.ends_with("{table=\"3\"}, {table=\"4\"}"), "{text}");
    assert_eq!(registry.read_sample("events_total", &[("table", "8")]), Ok(1.0));
}

#[test]
fn a_sample_of_a_histogram_needs_its_name_and_its_bound() {
    let registry = Registry::new();
    let size = registry.histogram("size", "S.").buckets(Buckets::linear(1.0, 1.0, 2)).register().expect("legal");
    size.observe(1.5);
    assert!(error(&registry, "size", &[]).ends_with("there is size_bucket, size_sum, size_count"));
    assert!(error(&registry, "size_bucket", &[]).contains("no series with the labels {}"));
    assert!(error(&registry, "size_bucket", &[("le", "1.5")]).contains("{le=\"1.5\"}"));
    assert_eq!(registry.read_sample("size_bucket", &[("le", "2")]), Ok(1.0));
    registry.summary("time", "T.").register().expect("legal").observe(1.0);
    assert!(error(&registry, "time", &[("quantile", "0.75")]).contains("quantile"));
}

#[test]
fn what_is_off_or_gave_nothing_is_told_apart() {
    let registry = Registry::new();
    registry.counter("rows_total", "R.").level(Level::Detailed).register().expect("legal").inc();
    registry.set_level(Level::Basic);
    assert!(matches!(registry.read_sample("rows_total", &[]), Err(SampleError::Off { .. })));
    registry.switch("rows_total", Switch::On).expect("there is one");
    assert_eq!(registry.read_sample("rows_total", &[]), Ok(1.0));
    registry.gauge("depth", "D.").callback(|| std::panic::resume_unwind(Box::new(()))).expect("legal");
    assert!(matches!(registry.read_sample("depth", &[]), Err(SampleError::NoValue { .. })));
    registry.register_collector(Peers).expect("legal");
    assert_eq!(registry.read_sample("peer_lag", &[("peer", "a")]), Ok(2.0));
    assert!(error(&registry, "peer_lag", &[("peer", "b")]).ends_with("there is {peer=\"a\"}"));
}
