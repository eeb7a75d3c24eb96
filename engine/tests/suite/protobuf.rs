//! The protobuf format: another decoder reads what `Scraper::visit` shows, and another encoder writes the same bytes.

use crate::proto::MetricFamily;
use crate::{proto, visited};
use proptest::collection::vec;
use proptest::prelude::*;
use std::time::Duration;
use streamgauge::{
    Buckets, CollectedFamily, Collector, CollectorOutput, Counter, Escaping, Exposition, Family, Filter, Format, Gauge,
    Histogram, LabelSet, Registry, Scraper, Unit,
};

/// Encodes, and checks that every encoder writes the same: ours, and the other one from what was visited.
fn check(registry: &Registry) -> Vec<MetricFamily> {
    check_as(registry, Format::Protobuf.into(), str::to_owned)
}

fn check_as(registry: &Registry, exposition: Exposition, name: impl Fn(&str) -> String) -> Vec<MetricFamily> {
    let mut body = b"before".to_vec();
    let report = Scraper::new(registry).encode(exposition, &mut body);
    let body = &body[6..];
    assert_eq!(report.bytes(), body.len());
    let decoded = proto::decode(body);
    let visited = visited::families(&mut Scraper::new(registry), name);
    // As text, in which one NaN equals another.
    if decoded != visited {
        assert_eq!(format!("{decoded:#?}"), format!("{visited:#?}"));
    }
    assert!(proto::encode(&decoded) == body, "the other encoder writes other bytes");
    assert!(proto::encode(&visited) == body, "the other encoder writes other bytes");
    decoded
}

struct Scraped;

impl Collector for Scraped {
    fn describe(&self) -> Vec<CollectedFamily> {
        vec![
            CollectedFamily::unknown("peer_offset", "Who knows.").labels(["peer"]),
            CollectedFamily::counter("peer_reads_total", "Reads.").labels(["peer"]),
            CollectedFamily::gauge("peer_nothing", "Never given."),
        ]
    }

    fn collect(&self, out: &mut CollectorOutput<'_>) {
        out.family("peer_offset").sample(&["a\\\"\n"], 2.5);
        out.family("peer_reads_total").sample(&["a"], 3u64).sample(&[""], 0.5);
    }
}

/// Some metrics of each kind, and a family without a series.
fn registry() -> Registry {
    let registry = Registry::new();
    let scope = registry.scope("app").label("pipeline", "or\"ders\\\n");
    scope.counter("events_total", "Events \"read\",\n\\ and counted.").register().expect("legal").add(3);
    let busy = scope.duration_counter("busy_seconds_total", "B.").unit(Unit::Seconds).register().expect("legal");
    busy.add(Duration::from_millis(1500));
    scope.counter("reads_total", "R.").callback(|| 7).expect("legal");
    scope.gauge("lag_seconds", "L.").unit(Unit::Seconds).register().expect("legal").set(2.0);
    scope.gauge("nothing", "N.").register().expect("legal").set(f64::NAN);
    scope.gauge("age", "A.").callback(|| f64::NEG_INFINITY).expect("legal");
    scope.up_down_counter("depth", "D.").register().expect("legal").dec();
    let _empty: Family<Value<'static>, Counter> = scope.counter("empty_total", "E.").family().expect("legal");
    let sizes = scope.histogram("size_bytes", "S.").unit(Unit::Bytes).buckets(Buckets::explicit([1.0, 2.5, 1e6]));
    let sizes = sizes.register().expect("legal");
    [0.5, 2.0, 3e6].into_iter().for_each(|size| sizes.observe(size));
    drop(scope.info("build", "What runs.").label("version", "1.4.2").register().expect("legal"));
    scope.state_set("phase", "P.").states(["snapshot", "str\"eam"]).register().expect("legal").set("str\"eam");
    let times = scope.summary("time_seconds", "T.").unit(Unit::Seconds).quantiles(&[0.0, 0.5, 1.0]);
    let times = times.register().expect("legal");
    [-2.0, 0.5, 3e6].into_iter().for_each(|time| times.observe(time));
    drop(scope.summary("unused", "U.").register().expect("legal"));
    registry.register_collector(Scraped).expect("legal");
    registry
}

#[test]
fn every_kind_is_what_a_visit_shows() {
    let families = check(&registry());
    let facts =
        families.iter().map(|family| (family.name(), family.r#type() as i32, family.unit(), family.metric.len()));
    assert_eq!(
        facts.collect::<Vec<_>>(),
        [
            ("app_events_total", 0, "", 1),
            ("app_busy_seconds_total", 0, "seconds", 1),
            ("app_reads_total", 0, "", 1),
            ("app_lag_seconds", 1, "seconds", 1),
            ("app_nothing", 1, "", 1),
            ("app_age", 1, "", 1),
            ("app_depth", 1, "", 1),
            ("app_size_bytes", 4, "bytes", 1),
            ("app_build_info", 1, "", 1),
            ("app_phase", 1, "", 2),
            ("app_time_seconds", 2, "seconds", 1),
            ("app_unused", 2, "", 1),
            ("peer_offset", 3, "", 1),
            ("peer_reads_total", 0, "", 2),
        ]
    );
    let histogram = families[7].metric[0].histogram.as_ref().expect("a histogram");
    let buckets: Vec<_> = histogram.bucket.iter().map(|b| (b.upper_bound(), b.cumulative_count())).collect();
    assert_eq!(buckets, [(1.0, 1), (2.5, 2), (1e6, 2)], "the last bucket is the count");
    assert_eq!((histogram.sample_count(), histogram.sample_sum()), (3, 3_000_002.5));
    let summary = families[10].metric[0].summary.as_ref().expect("a summary");
    let quantiles: Vec<_> = summary.quantile.iter().map(|q| (q.quantile(), q.value())).collect();
    assert_eq!((quantiles[0], quantiles[2]), ((0.0, -2.0), (1.0, 3e6)));
    assert!(quantiles[1].0 == 0.5 && (quantiles[1].1 - 0.5).abs() <= 0.005);
    assert_eq!((summary.sample_count(), summary.sample_sum()), (3, 2_999_998.5));
    let summary = families[11].metric[0].summary.as_ref().expect("a summary");
    assert!(summary.quantile.len() == 3 && summary.quantile.iter().all(|quantile| quantile.value().is_nan()));
    assert_eq!((summary.sample_count(), summary.sample_sum()), (0, 0.0));
    assert_eq!(families[0].metric[0].label[0].value(), "or\"ders\\\n");
    assert_eq!(families[9].metric[1].label[1].name(), "app_phase");
}

#[test]
fn what_may_be_reset_tells_since_when() {
    let with_created = |family: &&MetricFamily| {
        family.metric.iter().any(|metric| {
            let counter = metric.counter.as_ref().and_then(|counter| counter.created_timestamp);
            let histogram = metric.histogram.as_ref().and_then(|histogram| histogram.created_timestamp);
            let summary = metric.summary.as_ref().and_then(|summary| summary.created_timestamp);
            counter.or(histogram).or(summary).is_some()
        })
    };
    let families = check(&registry());
    let names: Vec<_> = families.iter().filter(with_created).map(MetricFamily::name).collect();
    let expected = ["app_events_total", "app_busy_seconds_total", "app_size_bytes", "app_time_seconds", "app_unused"];
    assert_eq!(names, expected, "none of a callback");
}

#[test]
fn a_registry_without_series_has_an_empty_body() {
    assert!(check(&Registry::new()).is_empty());
    assert!(check(&Registry::disabled()).is_empty());
}

#[test]
fn a_filter_chooses_families() {
    let mut body = Vec::new();
    let filter = Filter::names(["app_depth", "peer_offset"]);
    let report = Scraper::new(&registry()).encode_filtered(Format::Protobuf, &filter, &mut body);
    let families = proto::decode(&body);
    assert_eq!(families.iter().map(MetricFamily::name).collect::<Vec<_>>(), ["app_depth", "peer_offset"]);
    assert_eq!((report.series(), report.bytes()), (2, body.len()));
}

#[derive(LabelSet)]
struct Method<'a> {
    #[label(rename = "http.method")]
    method: &'a str,
}

#[test]
fn names_are_escaped_and_values_never() {
    let registry = Registry::new();
    let requests: Family<Method<'static>, Counter> =
        registry.counter("http.requests_total", "R.").family().expect("legal");
    requests.with(&Method { method: "G.\"T" }, Counter::inc);
    let with = |escaping: Escaping| Exposition::from(Format::Protobuf).with_escaping(escaping);
    check_as(&registry, with(Escaping::AllowUtf8), str::to_owned);
    check_as(&registry, with(Escaping::Underscores), |name| name.replace('.', "_"));
    check_as(&registry, with(Escaping::Dots), |name| name.replace('_', "__").replace('.', "_dot_"));
    check_as(&registry, with(Escaping::Values), |name| format!("U__{}", name.replace('_', "__").replace('.', "_2e_")));
}

#[derive(LabelSet)]
struct Value<'a> {
    value: &'a str,
    other: &'a str,
}

/// A length is written before what it is the length of is known: at its borders it takes another number of bytes.
#[test]
fn families_of_any_size() {
    let registry = Registry::new();
    let family: Family<Value<'static>, Gauge> = registry.gauge("lag", "L.").limit(100_000).family().expect("legal");
    registry.gauge("behind", "B.").register().expect("legal").set(1.0);
    let mut value = String::new();
    let mut length_bytes = Vec::new();
    for other in 0..20_000usize {
        value.push('v');
        let value = &value[..other.min(120)];
        family.with(&Value { value, other: &other.to_string() }, |gauge| gauge.set(other as f64));
        if other < 10 || other % 4_000 == 0 || other == 19_999 {
            let families = check(&registry);
            assert_eq!(families[0].metric.len(), other + 1);
            let len = prost::Message::encoded_len(&families[0]);
            length_bytes.push(prost::length_delimiter_len(len));
        }
    }
    length_bytes.dedup();
    assert_eq!(length_bytes, [1, 2, 3, 4]);
}

/// What somebody hostile would have in a label.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[\\\\\"\nan€]{0,12}", any::<String>(), "[a-z\\\\]{120,140}"]
}

/// A value that is often special.
fn float() -> impl Strategy<Value = f64> {
    let special = [f64::NAN, f64::from_bits(0x7ff0_0000_0000_0002), f64::INFINITY, f64::NEG_INFINITY, -0.0, f64::MAX];
    prop_oneof![any::<u64>().prop_map(f64::from_bits), prop::sample::select(special.to_vec())]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_registries(
        series in vec((text(), text(), any::<u64>(), 0..64u32, float()), 0..20),
        help in "[^\n]{0,20}x",
        bounds in prop::collection::btree_set(-1000..1000i32, 1..30),
    ) {
        let registry = Registry::new();
        let counters: Family<Value<'static>, Counter> = registry.counter("events_total", &help).family().expect("legal");
        let gauges: Family<Value<'static>, Gauge> = registry.gauge("lag", &help).family().expect("legal");
        let buckets = Buckets::explicit(bounds.into_iter().map(|bound| f64::from(bound) / 8.0));
        let histograms: Family<Value<'static>, Histogram> =
            registry.histogram("size", &help).buckets(buckets).family().expect("legal");
        for (value, other, bits, shift, float) in &series {
            let labels = Value { value, other };
            counters.with(&labels, |counter| counter.add(bits >> shift));
            gauges.with(&labels, |gauge| gauge.set(*float));
            histograms.with(&labels, |histogram| histogram.observe_n(*float % 200.0, bits >> shift));
        }
        let families = check(&registry);
        prop_assert_eq!(families.len(), if series.is_empty() { 0 } else { 3 });
    }
}
